#!/usr/bin/env bash
# `parvis demo --once` says that everything agrees; Python, which took no part, reads every mailbox
# again and counts for itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
parvis=${PARVIS_BIN:-$here/../../target/debug/parvis}

. "$here/common.bash"
needs python3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$parvis" demo --once --json --dir "$work/demo" >"$work/ledger.json"
python3 - "$work" <<'PYTHON'
import email, email.policy, json, pathlib, sys
work = pathlib.Path(sys.argv[1])
ledger = json.loads((work / "ledger.json").read_text())
assert ledger["differences"] == [], ledger
posts, copies, digests, strange = set(), 0, 0, []
for path in (work / "demo" / "mailboxes").glob("*/*.eml"):
    raw = path.read_bytes()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if not message["List-Unsubscribe-Post"]:
        continue  # a letter
    copies += 1
    if message["Message-ID"].startswith("<digest-"):
        digests += 1
    else:
        posts.add((message["List-Id"], message["Message-ID"]))
    defects = [defect for part in message.walk() for defect in part.defects]
    text = message.get_body(("plain", "html"))
    if defects or not message["Subject"] or text is None or not text.get_content().strip():
        strange.append(f"{path}: {defects}")
assert not strange, "\n".join(strange)
assert copies == ledger["found"] == ledger["owed"], (copies, ledger)
assert digests == ledger["digests"] > 0, (digests, ledger)
assert len(posts) == ledger["published"], (len(posts), ledger)
print(f"passed: {len(posts)} posts, {copies} copies, {digests} of them digests")
PYTHON
