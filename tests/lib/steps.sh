# SPDX-License-Identifier: GPL-2.0-or-later
# Steps, logs, locks, retries and errors of ./run and its parts (POSIX sh).
#
# The caller sets LPM_TOP (the repository) and `set -eu`, then sources this.

# Only Debian's own tools: a pyenv, conda or brew that stands first in PATH
# has another python3, and QEMU's configure would take it.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C.UTF-8
LPM_CACHE=${LPM_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/qemu-lpm}
LPM_BUILD=${LPM_BUILD:-$LPM_TOP/build}
LPM_LOGS=$LPM_BUILD/logs
LPM_T0=${LPM_T0:-$(date +%s)}
CCACHE_DIR=${CCACHE_DIR:-$LPM_CACHE/ccache}
export PATH LC_ALL LPM_CACHE LPM_BUILD LPM_T0 CCACHE_DIR

say()
{
    printf '[%4ds] %s\n' $(($(date +%s) - LPM_T0)) "$*"
}

# die WHAT [REMEDY...]: one line each on stderr, exit 1.
die()
{
    printf 'run: %s\n' "$1" >&2
    shift
    for remedy in "$@"; do
        printf '     %s\n' "$remedy" >&2
    done
    exit 1
}

# as_root COMMAND...: directly for root, through sudo for others.
as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "need root for: $*" "run this as root, or install sudo"
    fi
}

# retry COMMAND...: mirrors are at times between two states; five attempts.
retry()
{
    retry_wait=5
    for retry_n in 1 2 3 4 5; do
        if "$@"; then
            return 0
        fi
        if [ "$retry_n" -lt 5 ]; then
            echo "attempt $retry_n failed: $*; next in $retry_wait s" >&2
            sleep "$retry_wait"
            retry_wait=$((retry_wait * 3))
        fi
    done
    return 1
}

# Say every half minute what the log's last line is: some CI systems end a
# job that is silent for long.  Its stdout is ours; the sleep holds nothing.
step_heartbeat()
{
    trap 'kill "$beat_sleep" 2>/dev/null; exit 0' TERM
    while :; do
        sleep 30 </dev/null >/dev/null 2>&1 &
        beat_sleep=$!
        wait "$beat_sleep"
        say "  ... $(tail -n 1 "$1" | tr '\r' '\n' | tail -n 1 | cut -c 1-66)"
    done
}

# step NAME TITLE COMMAND...: run it with its output in logs/NAME.log, say
# the title first and the time it took, and on failure show where to look.
# STEP_REMEDY, when set, says what to do then.  Never call it in a condition
# (`if step`, `step || ...`): the shell would go on after errors inside.
step()
{
    step_log=$LPM_LOGS/$1.log
    step_title=$2
    step_name=$1
    shift 2
    mkdir -p "$LPM_LOGS"
    say "$step_title"
    step_t=$(date +%s)
    if [ -n "${LPM_VERBOSE:-}" ]; then
        # A pipe would hide the exit code: the log is a note only.
        echo "shown on the terminal (LPM_VERBOSE)" > "$step_log"
        set +e
        ( set -e; "$@" ) 9>&-
        step_rc=$?
        set -e
    else
        : > "$step_log"
        step_heartbeat "$step_log" 9>&- &
        step_beat=$!
        set +e
        ( set -e; "$@" ) > "$step_log" 2>&1 </dev/null 9>&-
        step_rc=$?
        set -e
        kill "$step_beat" 2>/dev/null || :
        wait "$step_beat" 2>/dev/null || :
    fi
    if [ "$step_rc" != 0 ]; then
        tail -n 25 "$step_log" | sed 's/^/    | /' >&2
        die "step '$step_name' failed (exit $step_rc): $step_title" \
            "log: $step_log" "${STEP_REMEDY:-then: correct what the log says and run it again}"
    fi
    step_t=$(($(date +%s) - step_t))
    if [ "$step_t" -gt 1 ]; then
        say "  done in $step_t s"
    fi
    STEP_REMEDY=
}

# lock_tree: one ./run in one tree at a time.  Steps close descriptor 9, so
# that a process they leave behind does not hold the lock.
lock_tree()
{
    mkdir -p "$LPM_BUILD"
    exec 9>> "$LPM_BUILD/.lock"
    if ! flock -n 9; then
        die "another ./run works in $LPM_TOP ($(tail -n 1 "$LPM_BUILD/.lock"))" \
            "wait for it or end it, then run this again"
    fi
    echo "pid $$" > "$LPM_BUILD/.lock"
}

# with_cache_lock COMMAND...: clones share the cache; wait for each other.
with_cache_lock()
{
    mkdir -p "$LPM_CACHE"
    (
        flock -w 1800 8 || die "the cache $LPM_CACHE is in use since 30 min" \
            "end the other ./run"
        "$@" 8>&-
    ) 8>> "$LPM_CACHE/.lock"
}
