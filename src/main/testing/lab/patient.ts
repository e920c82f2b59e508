/**
 * Shell text: `patient FILE COMMAND...` waits for a command to come true, for a minute at the least. Then it says what is in FILE, and
 * fails.
 */
export const PATIENT = `
patient() {
  tries=600 heard=$1
  shift
  until "$@"; do
    tries=$((tries - 1))
    if [ $tries = 0 ]; then echo "never came true: $*" >&2; tail -n 20 "$heard" >&2; return 1; fi
    sleep 0.1
  done
}
`;
