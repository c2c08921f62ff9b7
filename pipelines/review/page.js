"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const settings = JSON.parse(element("settings").textContent);
  const pictures = document.getElementsByClassName("picture");
  const samples = [...document.querySelectorAll("script.sample")].map((each) =>
    JSON.parse(each.textContent),
  );
  const isDeciding = settings.columns !== null; // otherwise the page only shows samples
  const decisions = samples.map(() => "");
  const history = []; // [position, the decision before]
  const words = { accept: "accepted", reject: "rejected", "": "undecided" };
  let position = 0;
  let isStored = true;
  let isDownloaded = true;

  // Decisions are kept under the output and the sample, and count for this content alone.
  const place = (sample) => `shardmill/${settings.output}/${sample.shard}/${sample.index}`;

  function load() {
    try {
      samples.forEach((sample, at) => {
        const [decision, digest] = (localStorage.getItem(place(sample)) ?? "").split(" ");
        decisions[at] = decision in words && digest === sample.digest ? decision : "";
      });
    } catch {
      warn();
    }
  }

  function store(at) {
    const sample = samples[at];
    try {
      if (decisions[at]) {
        localStorage.setItem(place(sample), `${decisions[at]} ${sample.digest}`);
      } else {
        localStorage.removeItem(place(sample));
      }
    } catch {
      warn();
    }
  }

  function warn() {
    isStored = false;
    const text = "This browser keeps no decisions: download the CSV before you close the page.";
    element("warning").textContent = text;
    element("warning").hidden = false;
  }

  function count(decision) {
    return decisions.filter((each) => each === decision).length;
  }

  function number(value) {
    return value.toLocaleString("en");
  }

  function made(tag, text, name = "") {
    const node = document.createElement(tag);
    node.textContent = text;
    node.className = name;
    node.dir = "auto";
    return node;
  }

  function pairs(id, entries) {
    element(id).replaceChildren(
      ...entries.flatMap(([name, value]) => [made("dt", name), made("dd", value)]),
    );
  }

  function showTexts(texts) {
    const blocks = texts.map(([name, value]) => {
      const block = document.createElement("div");
      const text = made("div", value, "text");
      text.tabIndex = 0; // so that the keyboard scrolls it
      text.setAttribute("role", "group");
      text.setAttribute("aria-label", name);
      block.append(made("div", name, "name"), text);
      return block;
    });
    element("texts").replaceChildren(...blocks);
  }

  function showPicture() {
    const content = JSON.parse(pictures[position].textContent);
    element("picture").hidden = !content;
    element("no-picture").hidden = Boolean(content);
    if (content) {
      element("picture").src = `data:image/webp;base64,${content}`;
    } else {
      element("picture").removeAttribute("src");
    }
    showBoxes(content ? samples[position].boxes : []);
  }

  function showBoxes(boxes) {
    const drawn = boxes.map(([source, label, left, top, right, bottom]) => {
      const box = made("div", "", source);
      box.style.left = `${100 * left}%`;
      box.style.top = `${100 * top}%`;
      box.style.width = `${100 * (right - left)}%`;
      box.style.height = `${100 * (bottom - top)}%`;
      if (label) {
        box.append(made("span", label));
      }
      return box;
    });
    element("boxes").replaceChildren(...drawn);
  }

  function showState() {
    const [accepted, rejected, undecided] = ["accept", "reject", ""].map(count);
    element("progress").max = samples.length;
    element("progress").value = samples.length - undecided;
    element("counts").textContent =
      `${number(accepted)} accepted, ${number(rejected)} rejected, ` +
      `${number(undecided)} undecided`;
    element("decision").textContent = words[decisions[position]];
    element("decision").className = decisions[position];
    element("undo").disabled = history.length === 0;
    element("previous").disabled = position === 0;
    element("next").disabled = position === samples.length - 1;
    element("undecided").disabled = undecided === 0;
    document.body.classList.toggle("complete", undecided === 0);
  }

  function show(at, before = "") {
    position = at;
    const sample = samples[position];
    const heading = `Sample ${number(position + 1)} of ${number(samples.length)}`;
    element("heading").textContent = heading;
    element("number").max = samples.length;
    element("number").value = position + 1;
    element("verdict").textContent = sample.summary;
    showPicture();
    showTexts(sample.texts);
    pairs("facts", [
      ...(sample.key ? [["key", sample.key]] : []),
      ["shard", sample.shard],
      ["index", String(sample.index)],
    ]);
    pairs("scores", sample.scores);
    element("scores-of-sample").hidden = sample.scores.length === 0;
    showState();
    const texts = sample.texts.map(([name, value]) => `${name}: ${value.slice(0, 300)}`);
    const where = isDeciding ? `${heading}, ${words[decisions[position]]}` : heading;
    const state = [where, sample.summary, ...texts];
    announce([...(before ? [before] : []), ...state].join(". "));
  }

  function announce(text) {
    element("announcement").textContent = text;
  }

  function decide(decision) {
    history.push([position, decisions[position]]);
    decisions[position] = decision;
    isDownloaded = false;
    store(position);
    const said = decision === "accept" ? "Accepted" : "Rejected";
    if (position < samples.length - 1) {
      show(position + 1, said);
      return;
    }
    showState();
    const undecided = count("");
    announce(
      undecided
        ? `${said}. This was the last sample: ${undecided} are undecided`
        : `${said}. All samples are decided: download the CSV`,
    );
  }

  function undo() {
    if (history.length === 0) {
      return;
    }
    const [at, decision] = history.pop();
    decisions[at] = decision;
    isDownloaded = false;
    store(at);
    show(at, "Undone");
  }

  function move(steps) {
    const at = Math.min(Math.max(position + steps, 0), samples.length - 1);
    if (at !== position) {
      show(at);
    }
  }

  function nextUndecided() {
    const after = decisions.indexOf("", position + 1);
    const at = after === -1 ? decisions.indexOf("") : after;
    if (at === -1) {
      announce("All samples are decided: download the CSV");
    } else {
      show(at);
    }
  }

  function toggle(id, style) {
    const isOn = document.body.classList.toggle(style);
    element(id).setAttribute("aria-pressed", String(isOn));
  }

  function quoted(cell) {
    return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  }

  function csv() {
    const rows = samples.map((sample, at) => [...sample.cells, decisions[at]]);
    return [settings.columns, ...rows].map((row) => row.map(quoted).join(",") + "\r\n").join("");
  }

  function download() {
    // Spreadsheets need the mark at the beginning to read UTF-8.
    const file = new Blob(["\ufeff", csv()], { type: "text/csv;charset=utf-8" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "decisions.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    isDownloaded = true;
    announce("decisions.csv was downloaded");
  }

  const actions = {
    accept: () => decide("accept"),
    reject: () => decide("reject"),
    undo,
    previous: () => move(-1),
    next: () => move(1),
    undecided: nextUndecided,
    blur: () => toggle("blur", "blurred"),
    plain: () => toggle("plain", "plain"),
    download,
  };
  const keys = {
    a: "accept",
    r: "reject",
    u: "undo",
    n: "undecided",
    b: "blur",
    h: "plain",
    d: "download",
    arrowleft: "previous",
    arrowright: "next",
  };

  for (const [id, action] of Object.entries(actions)) {
    element(id).addEventListener("click", action);
  }
  // On a keyboard without Latin letters, such as a Greek one, the place of the key counts.
  function named(event) {
    const isLatin = /^[\x20-\x7e]+$/.test(event.key);
    return (isLatin ? event.key : event.code.replace("Key", "")).toLowerCase();
  }

  document.addEventListener("keydown", (event) => {
    const id = keys[named(event)];
    const isTyped = event.target.tagName === "INPUT" || event.isComposing;
    if (!id || element(id).hidden || isTyped || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    if (!event.repeat || id === "previous" || id === "next") {
      actions[id]();
    }
  });
  element("go").addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = Math.round(Number(element("number").value)) - 1;
    show(Math.min(Math.max(wanted, 0), samples.length - 1));
    element("heading").focus();
  });
  window.addEventListener("storage", () => {
    if (isDeciding) {
      load(); // another tab decided
      showState();
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isStored && !isDownloaded) {
      event.preventDefault();
    }
  });

  if (isDeciding) {
    load();
  } else {
    for (const each of document.getElementsByClassName("deciding")) {
      each.hidden = true;
    }
  }
  element("plain").hidden = !samples.some((each) => each.boxes.length > 0);
  show(0);
})();
