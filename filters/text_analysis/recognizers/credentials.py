"""Recognize keys, tokens and passwords of common services by their published formats."""

import re
from collections.abc import Iterator

from filters.text_analysis.recognizers.prefilter import CREDENTIAL
from filters.text_analysis.recognizers.recognizer import Recognizer, Span

_ALONE = r"(?<![A-Za-z0-9])"
_ENDS = r"(?![A-Za-z0-9])"
_ASSIGNED = r"[\"']?\s{0,2}(?:[:=]|=>|:=|\bis\b)\s{0,2}[\"'`]?"
_TOKEN = re.compile(
    rf"{_ALONE}(?:"
    r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}"  # GitHub
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|imt|ffct|soat|agent|oas)-[A-Za-z0-9_.-]{20,255}"  # GitLab
    r"|GR1348941[A-Za-z0-9_-]{20,255}"
    r"|xox[abceoprs]-[A-Za-z0-9-]{10,255}|xapp-\d-[A-Za-z0-9-]{10,255}"  # Slack
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{10,255}|whsec_[A-Za-z0-9+/=]{24,255}"  # Stripe
    r"|sk-[A-Za-z0-9_-]{20,255}"  # OpenAI, Anthropic, OpenRouter
    r"|(?:hf_|api_org_)[A-Za-z0-9]{30,64}"  # Hugging Face
    r"|ABSKQmVkcm9ja0FQSUtleS[A-Za-z0-9+/]{20,255}={0,2}"  # Bedrock: base64 of BedrockAPIKey-
    r"|bedrock-api-key-[A-Za-z0-9+/]{20,4096}={0,2}"
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,255}"
    r"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"  # SendGrid
    r"|ya29\.[A-Za-z0-9_-]{20,255}|GOCSPX-[A-Za-z0-9_-]{28}"  # Google's OAuth
    r"|do[opr]_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|dckr_pat_[A-Za-z0-9_-]{27}"
    r"|\d{8,10}:AA[A-Za-z0-9_-]{33}"  # Telegram
    r"|eyJ[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+"  # JSON Web Tokens
    rf"){_ENDS}"
)
# A password in a URL is matched together with its user and host.
_IN_URL = re.compile(r"(?<=://)[^\s:/@\[\]]{1,64}:[^\s/@\[\]]{1,128}@[A-Za-z0-9.-]{1,253}")
_BEARER = re.compile(
    r"(?i:\bbearer|\bbasic|\bauthorization[\"']?:\s?[\"']?token)\s{1,2}([A-Za-z0-9_.~+/-]{20,4096}={0,2})(?![A-Za-z0-9])"
)
_NAMED = re.compile(
    r"(?i:(?:access|auth|api|id|refresh|session|security|client|private|secret)[_-]?(?:token|key|secret)"
    r"|[?&](?:token|key|sig|signature|secret|x-amz-signature)|passw(?:or)?d|passwd|pwd|accountkey)"
    rf"{_ASSIGNED}(?=[^\s&\"'`]{{0,63}}\d)([A-Za-z0-9_.~+/@!#$%^*?-]{{8,4096}}={{0,2}})"
)
_HOOK = re.compile(
    r"hooks\.slack\.com/(?:services|workflows|triggers)/"
    r"([A-Z0-9]{6,16}/[A-Z0-9]{6,20}(?:/\d{10,24})?/[A-Za-z0-9]{16,40})"
)
_CURL = re.compile(r"(?:\s|\A)(?:-u|--user)[ =][\"']?([^\s:\"']{1,64}:[^\s\"']{1,128})")

# Prefixes of keys and tokens: docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_AWS_ID = re.compile(rf"{_ALONE}(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{{16}}{_ENDS}")
_AWS_SECRET = re.compile(
    rf"(?i:secret[_ -]?(?:access)?[_ -]?key|aws[_ -]?secret){_ASSIGNED}"
    r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])"
)
_GCP = re.compile(r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])")
_BLOCK = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?:[^-]|-(?!----))*+(?:-----(?:END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?)?"
)
_AGE = re.compile(rf"{_ALONE}AGE-SECRET-KEY-1[0-9A-Z]{{58}}{_ENDS}")


def _find_tokens(text: str) -> Iterator[Span]:
    for pattern in (_TOKEN, _IN_URL):
        for match in pattern.finditer(text):
            yield match.span()
    for pattern in (_BEARER, _NAMED, _HOOK, _CURL):
        for match in pattern.finditer(text):
            yield match.start(1), match.start(1) + len(match[1].rstrip(".!?"))


def _find_aws(text: str) -> Iterator[Span]:
    for match in _AWS_ID.finditer(text):
        yield match.span()
    for match in _AWS_SECRET.finditer(text):
        yield match.span(1)


def _find_gcp(text: str) -> Iterator[Span]:
    for match in _GCP.finditer(text):
        yield match.span()


def _find_private_keys(text: str) -> Iterator[Span]:
    for pattern in (_BLOCK, _AGE):
        for match in pattern.finditer(text):
            yield match.span()


AUTH_TOKEN = Recognizer("AUTH_TOKEN", CREDENTIAL, _find_tokens)
AWS_CREDENTIALS = Recognizer("AWS_CREDENTIALS", CREDENTIAL, _find_aws)
GCP_API_KEY = Recognizer("GCP_API_KEY", CREDENTIAL, _find_gcp)
ENCRYPTION_KEY = Recognizer("ENCRYPTION_KEY", CREDENTIAL, _find_private_keys)
