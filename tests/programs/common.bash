# What the tests with other programs share. Sourced, not run: `tests/run` runs *.sh alone.

# Leaves the test out, and says why, unless all of these programs are here.
needs() {
  local program
  for program in "$@"; do
    if ! command -v "$program" >/dev/null; then
      echo "skipped: $program is not here"
      exit 77
    fi
  done
}

# A port nobody listens on.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Until a command succeeds, but not for ever: `wait_for WHAT COMMAND...`. Whoever calls it has `fail`.
wait_for() {
  local what=$1 deadline=$((SECONDS + ${patience:-60}))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "waited ${patience:-60} s for $what"
    sleep 0.1
  done
}
