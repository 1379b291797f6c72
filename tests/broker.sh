# Sourced by the scripts that need a broker: starts Ottla, or Apache Kafka as the oracle, and stops what it started.
#
#   broker_start ottla|kafka|HOST:PORT DIR [KEY=VALUE]...   sets BOOTSTRAP and BROKER_PID; settings as in server.properties
#   broker_alive                                            whether it still runs
#   broker_stop                                             ends it (SIGTERM) and waits
tests_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BROKER_KIND='' BROKER_PID='' BROKER_DIR=''

# The binary under test: $OTTLA if given, otherwise built here, in the profile that the tests use.
ottla_binary() {
  if [ -n "${OTTLA:-}" ]; then echo "$OTTLA"; return; fi
  (cd "$tests_dir/.." && cargo build -q -p ottla --bin ottla ${OTTLA_PROFILE:+--profile "$OTTLA_PROFILE"} >&2) || return 1
  local profile=${OTTLA_PROFILE:-dev}
  [ "$profile" = dev ] && profile=debug
  echo "${CARGO_TARGET_DIR:-$tests_dir/../target}/$profile/ottla"
}

# A port that nothing listens on, and its neighbour too (Kafka's controller takes that one).
free_port() {
  local port
  for ((port = ${TEST_PORT:-21700}; port < ${TEST_PORT:-21700} + 80; port += 2)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue
    (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null && continue
    echo "$port"; return
  done
  return 1
}

broker_start() {
  local target=$1 dir=$2 port binary i; shift 2
  BROKER_KIND=$target BROKER_DIR=$dir
  mkdir -p "$dir"
  port=$(free_port) || { echo "no free port from ${TEST_PORT:-21700}" >&2; return 1; }
  case $target in
    kafka)
      local options=()
      for i in "$@"; do options+=(-o "$i"); done
      BOOTSTRAP=$(KAFKA_HEAP_OPTS=${KAFKA_HEAP_OPTS:--Xmx700m -Xms256m} "$tests_dir/peers/kafka" start -p "$port" -d "$dir/kafka" "${options[@]}") || return 1
      BROKER_PID=$(<"$dir/kafka/1/pid")
      ln -sf kafka/1/server.log "$dir/log" ;;
    ottla)
      local options=()
      for i in "$@"; do options+=(--set "$i"); done
      binary=$(ottla_binary) || { echo "ottla does not build" >&2; return 1; }
      : >"$dir/ready" # what an earlier one said there is not about this one
      "$binary" start --data "$dir/data" --listen "127.0.0.1:$port" "${options[@]}" >"$dir/ready" 2>"$dir/log" </dev/null &
      BROKER_PID=$!
      # Not one of the jobs that scripts count and wait for.
      disown "$BROKER_PID"
      for ((i = 0; i < 300; i++)); do
        BOOTSTRAP=$(sed -n 's/^ready: //p' "$dir/ready")
        [ -n "$BOOTSTRAP" ] && return 0
        kill -0 "$BROKER_PID" 2>/dev/null || break
        sleep 0.1
      done
      echo "ottla did not get ready:" >&2; tail -30 "$dir/log" >&2
      return 1 ;;
    *) BOOTSTRAP=$target ;;
  esac
}

broker_alive() { [ -z "$BROKER_PID" ] || kill -0 "$BROKER_PID" 2>/dev/null; }

broker_stop() {
  local i
  [ -n "$BROKER_PID" ] || return 0
  if [ "$BROKER_KIND" = kafka ]; then
    "$tests_dir/peers/kafka" stop -d "$BROKER_DIR/kafka"
  else
    kill "$BROKER_PID" 2>/dev/null
    for ((i = 0; i < 100; i++)); do kill -0 "$BROKER_PID" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$BROKER_PID" 2>/dev/null
    wait "$BROKER_PID" 2>/dev/null
  fi
  BROKER_PID=''
}
