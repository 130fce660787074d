#!/usr/bin/env bash
# Every type of page in a real Chromium: axe-core finds nothing (WCAG 2.2 A and AA), in light, dark
# and forced colours, at 360 pixels and at 200 % zoom; all of it by keyboard alone and without script.
#
# axe-core (MPL-2.0) is not part of this repository: AXE_JS names a copy of axe.min.js, else npm
# fetches one. PICTURES=FOLDER keeps a picture of each page there (docs/pictures/pages).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
parvis=${PARVIS_BIN:-$here/../../target/debug/parvis}

. "$here/common.bash"
needs "${CHROMIUM:-chromium}" node curl python3
work=$(mktemp -d)
demo=
finish() {
  [ -z "$demo" ] || { kill -INT "$demo" 2>/dev/null; wait "$demo" 2>/dev/null; } || true
  rm -rf "$work"
}
trap finish EXIT

axe=${AXE_JS:-}
if [ -z "$axe" ]; then
  if ! command -v npm >/dev/null || ! (cd "$work" && timeout 60 npm pack --silent axe-core@4 >/dev/null 2>&1); then
    echo "skipped: there is no axe-core, and npm cannot fetch it"
    exit 77
  fi
  tar xzf "$work"/axe-core-*.tgz -C "$work"
  axe=$work/package/axe.min.js
fi

fail() {
  echo "FAILED: $*"
  tail -n 20 "$work/said"
  exit 1
}

"$parvis" demo --dir "$work/demo" >"$work/said" 2>&1 &
demo=$!
patience=90 wait_for "the demo" grep -q '^Open the archive:' "$work/said"
site=$(sed -n 's/^Open the archive: *//p' "$work/said")
site=${site%/}

# Somebody of the French community asks for a link, and presses its button.
member=$(ls "$work/demo/mailboxes" | grep '@' | sed -n 1p)
for mailbox in "$work"/demo/mailboxes/*@*; do
  if grep -lq 'quartier' "$mailbox"/*.eml; then member=$(basename "$mailbox"); break; fi
done
link() {
  local before
  before=$(cat "$work/demo/mailboxes/$member"/*.eml | grep -c '/in/[a-z2-7]\{32\}' || true)
  curl -sf --data-urlencode "address=$member" "$site/in/" >/dev/null
  for _ in $(seq 300); do
    [ "$(cat "$work/demo/mailboxes/$member"/*.eml | grep -c '/in/[a-z2-7]\{32\}' || true)" -gt "$before" ] && break
    sleep 0.1
  done
  cat "$work/demo/mailboxes/$member"/*.eml | grep -o '/in/[a-z2-7]\{32\}' | tail -1
}
pressed=$(link)
[ -n "$pressed" ] || fail "no link came to $member"
cookie=$(curl -s -o /dev/null -D - -d enter=yes "$site$pressed" | tr -d '\r' | sed -n 's/^set-cookie: parvis=\([^;]*\).*/\1/Ip')
[ -n "$cookie" ] || fail "the button of $pressed gave no cookie"
button=$(link)

page() { curl -sf "$site$1" | sed 's/&#x3D;/=/g'; }
thread=$(page /quartier/ | grep -o '/quartier/t/[^/"]*/' | sed -n 1p)
month=$(page /quartier/ | grep -o '/quartier/[0-9]*/[0-9]*/' | sed -n 1p)
post=$(page "$thread" | grep -o '/quartier/m/[^/"]*/' | sed -n 1p)
file=$(for t in $(page /quartier/ | grep -o '/quartier/t/[^/"]*/' | sort -u); do page "$t" | grep -o '/quartier/m/[^/"]*/a/' ; done | sed -n 1p || true)
# A post that was called back leaves a stub, which answers 410.
gone=$(page "$month" | grep -o '/quartier/m/[^/"]*/' | tail -1)
id=$(python3 -c 'import sys, urllib.parse; print(urllib.parse.unquote(sys.argv[1]))' "$(basename "$gone")")
"$parvis" --config "$work/demo/parvis.toml" post withdraw "$id" >/dev/null
leave=$(cat "$work"/demo/mailboxes/*/*.eml | tr -d '\r' | grep -o '/u/[a-z2-7]\{32\}' | sed -n 1p)
pages=(home=/ list="/quartier/?lang=fr" month="$month" conversation="$thread?lang=fr" by-date="$thread?flat" post="$post"
  withdrawn="$gone" absent=/nobody/ sign-in=/in/ sign-in-button="$button" you="/in/#$cookie" leave="$leave"
  member-list="/quartier/#$cookie" english="/quartier/?lang=en")
[ -z "$file" ] || pages+=(attachments="${file%a/}")
pages+=(search="/quartier/search?q=chat&lang=fr" search-nothing="/quartier/search?q=chorrale&lang=fr" search-everywhere="/search?q=garden")
# What only some conversations have, and what only some lists: an event, a page of an author, an edition.
for t in $(page /quartier/ | grep -o '/quartier/t/[^/"]*/' | sort -u) $(page "/quartier/?page=2" | grep -o '/quartier/t/[^/"]*/' | sort -u); do
  if page "$t" | grep -q 'class="event"'; then pages+=(event="$t"); break; fi
done
author=$(page "/quartier/search?q=chat" | grep -o '/quartier/by/[^/"]*/' | sed -n 1p)
[ -z "$author" ] || pages+=(author="$author")
for list in quartier allotments; do
  if curl -sf "$site/$list/e/1/" >/dev/null; then pages+=(edition="/$list/e/1/"); break; fi
done

pictures=${PICTURES:--}
node "$here/accessible.mjs" "$axe" "$pictures" "$site" "${pages[@]}" || fail "somebody cannot use these pages"
echo "passed"
