#!/usr/bin/env bash
# What strangers write runs nowhere: each line of harmless/vectors.txt is posted as a mail, and a
# real Chromium opens every page, attachment, original and feed that comes of it, with traps armed:
# nothing may run, ask, move, or be asked of any other host, with our policy and without it. The
# same lines on a page that does nothing about them do fire, or the traps would prove nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
parvis=${PARVIS_BIN:-$here/../../target/debug/parvis}
list=hostile@lists.example

. "$here/common.bash"
needs "${CHROMIUM:-chromium}" node curl python3
work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "FAILED: $*"
  tail -n 20 "$work/said"
  exit 1
}

door=$(free_port)
web=$(free_port)
export PARVIS_CONFIG=$work/parvis.toml
cat >"$PARVIS_CONFIG" <<CONFIG
hostname = "lists.example"
data_dir = "$work/data"
language = "en"
[smtp]
listen = ["127.0.0.1:$door"]
[dns]
servers = ["127.0.0.1:1"]
[delivery]
route = "smtp://127.0.0.1:1"
[web]
listen = ["127.0.0.1:$web"]
base_url = "http://127.0.0.1:$web"
CONFIG
"$parvis" serve >"$work/said" 2>&1 &
server=$!
wait_for "the server" curl -fsS "http://127.0.0.1:$web/healthz"
markup='"><img src=x onerror=TRAP><script>TRAP</script>'
"$parvis" list create $list --name "$markup" --language en >/dev/null
"$parvis" list set $list archive=public consent=none posting=anyone moderation=none \
  "promise=$markup" "description=$markup javascript:TRAP" >/dev/null

read -r made refused < <(python3 "$here/harmless/mails.py" "$here/harmless/vectors.txt" "$door" $list "$work/refused.mbox" 2>"$work/refusals")
"$parvis" import mbox $list "$work/refused.mbox" >/dev/null
for id in $("$parvis" held ls $list --json | python3 -c 'import json, sys; print(*(one["id"] for one in json.load(sys.stdin)))'); do
  "$parvis" held accept "$id" >/dev/null
done
posts() { "$parvis" list ls --json | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["posts"])'; }
all_there() { [ "$(posts)" -ge "$made" ]; }
patience=120 wait_for "$made posts" all_there
[ "$(posts)" = "$made" ] || fail "$made mails were made, $(posts) posts are there"
"$parvis" reindex >/dev/null
echo "$made mails, of which the door refused $refused"
node "$here/harmless/look.mjs" "$here/harmless/vectors.txt" "http://127.0.0.1:$web" "$made" || fail "something fired"
echo "passed"
