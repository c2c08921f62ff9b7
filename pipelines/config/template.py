"""The job file that `shardmill init` writes: valid, with a comment on every choice."""

from inference.families import EXAMPLE_CHECKPOINT

TEMPLATE = """\
# A Shardmill job. `shardmill plan` shows what it would do, and with --all every default;
# `shardmill preview` shows the first samples; `shardmill run` does it, and goes on where it was
# stopped. `shardmill explain KEY` describes a key, and `shardmill schema` prints the JSON Schema
# from which editors complete keys (docs/jobs.md).
name: my-captions

input:
  shards: "data/{00000..00009}.tar"   # or data/**/*.tar, a list, a folder of images: photos/
  text: txt                           # the text's extension, json:field, or null for images alone
  carry: []                           # further columns to take along, such as json:url
  max_samples_per_file: 10000         # larger shards are committed in parts
  decode: exact                       # reduced: JPEGs at the smallest scale that suffices; faster
  limits: {max_pixels: 100_000_000}   # larger images are not decoded

# Filters on texts run before those on the image size, and filters on pixels run last; hash_list
# runs first. Filters that judge the same run in this order. `shardmill plan` shows the order.
filters:                              # what they drop is counted, never stored
  - {kind: image_size, min_side: 64, max_aspect: 3.0}
  - {kind: text_quality, min_words: 2, max_repetition: 0.5}
  # - {kind: hash_list, path: hashes.csv}      # algorithm,hash,...: md5, sha1, sha256
  # - {kind: open_nsfw, drop_at: 0.8}        # needs pip install 'shardmill[nsfw]'; old: calibrate
  # - {kind: porn_image_model, model: Falconsai/nsfw_image_detection, drop_at: 0.5}
  # - {kind: number, column: score, max: 0.5}     # of a column in carry
  # - {kind: domains, column: url, path: blocklist.txt}
  # - {kind: words, path: words.txt}
  # - {kind: language, languages: [en]}
  # - {kind: text_safety_rules}       # docs/filters.md says what rules can and cannot do
  # - {kind: toxicity_rules}
  # - {kind: personal_data}           # e-mail addresses and the like become [EMAIL_ADDRESS]
  # - {kind: toxicity_model, model: unitary/toxic-bert, drop_at: 0.8}
  # Google's services judge what is sent to them, and cost money: pip install 'shardmill[google]',
  # and set max_requests (docs/filters.md).
  # - {kind: image_safety_google, max_requests: 10000}      # Cloud Vision, SafeSearch
  # - {kind: text_safety_google, max_requests: 10000}       # Natural Language, moderateText
  # - {kind: personal_data_dlp, project: my-project, max_requests: 10000}   # Cloud DLP

model:
  checkpoint: EXAMPLE_CHECKPOINT   # a hub id, or a local folder
  revision: main                      # resolved to a commit by the first run
  # adapter: me/my-lora               # a LoRA by peft: a hub id, or a local folder
  precision: bfloat16                 # float32 | bfloat16 | float16 | int8 | nf4
  device: auto                        # cuda where there is one
  # block_size: 256                   # samples given to the engine at a time, and ...
  # batch_size: 16                    # ... prompts computed together, if not what fits the GPU

tasks:                                # each becomes a column; remove what you do not need
  caption: {kind: caption, language: en}
  # caption_es: {kind: caption, language: es}
  # long: {kind: describe, language: en}
  # text: {kind: ocr}
  # people: {kind: vqa, question: "how many people are there?"}
  # objects: {kind: detect, labels: [person, car]}

# require_image_safety: true          # refuse to run without a model that judges the images
output: annotated                     # a folder for the Parquet files
""".replace("EXAMPLE_CHECKPOINT", EXAMPLE_CHECKPOINT)
