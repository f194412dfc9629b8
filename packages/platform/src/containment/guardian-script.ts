/**
 * The guardian: a shell that waits until the agent is gone, however that happens, and then ends what the agent ran.
 *
 * Arguments: name of the agent, directory of the output pipes, then the agent's cgroups, the one that kills first
 * (none where there are no cgroups). On standard input: `+PID` and `-PID` for each run, `exit` when the agent has ended
 * everything itself. The end of the input is the agent's death.
 *
 * 1. Everything is made to stand still, where the kernel can, so that no program sees a broken pipe.
 * 2. Each output pipe is held and read, so that what is in it outlives its writers: into `PIPE.rest`.
 * 3. Everything is killed, again and again until nothing is left.
 */
export const guardianScript = `
trap '' TERM INT HUP QUIT PIPE
name=$1 pipes=$2
shift 2
runs=
while read -r line; do
  case $line in
    exit) exit 0 ;;
    +*) runs="$runs \${line#+}" ;;
    -*) kept=
      for run in $runs; do [ "$run" = "\${line#-}" ] || kept="$kept $run"; done
      runs=$kept ;;
  esac
done

everywhere() { find "$@" -depth -type d 2>/dev/null; }
freeze() {
  for base; do
    if [ -e "$base/cgroup.freeze" ]; then echo 1 >"$base/cgroup.freeze"
    elif [ -e "$base/freezer.state" ]; then echo FROZEN >"$base/freezer.state"
    fi
  done
}
thaw() {
  for base; do
    if [ -e "$base/cgroup.freeze" ]; then echo 0 >"$base/cgroup.freeze"
    elif [ -e "$base/freezer.state" ]; then echo THAWED >"$base/freezer.state"
    fi
  done
}
killcgroups() {
  if [ -e "$1/cgroup.kill" ]; then echo 1 >"$1/cgroup.kill"; return; fi
  freeze "$@"
  for cgroup in $(everywhere "$@"); do
    [ ! -e "$cgroup/pids.max" ] || echo 0 >"$cgroup/pids.max"
    for pid in $(cat "$cgroup/cgroup.procs"); do kill -KILL "$pid"; done
  done
  thaw "$@"
}
removecgroups() { for cgroup in $(everywhere "$@"); do rmdir "$cgroup"; done; }
remains() { for base; do [ ! -d "$base" ] || return 0; done; return 1; }
marked() {
  grep -lsz "^MAINSTAY_CONTAINER=$name/" /proc/[0-9]*/environ | cut -d/ -f3
  for run in $runs; do ps -A -o pid= -o sess= | while read -r pid session; do
    [ "$session" != "$run" ] || echo "$pid"
  done; done
}
{
  freeze "$@"
  for pipe in "$pipes"/*; do
    [ -p "$pipe" ] || continue
    exec 8<>"$pipe" 7<"$pipe" 8>&-
    cat <&7 >"$pipe.rest" &
    exec 7<&-
  done
  waits=0
  if [ $# -gt 0 ]; then
    while remains "$@" && [ $waits -lt 600 ]; do
      killcgroups "$@"
      removecgroups "$@"
      remains "$@" || break
      sleep 0.05
      waits=$((waits + 1))
    done
  else
    for run in $runs; do kill -KILL -- "-$run"; done
    calm=0
    while [ $calm -lt 3 ] && [ $waits -lt 600 ]; do
      found=$(marked)
      calm=$((calm + 1)) waits=$((waits + 1))
      for pid in $found; do kill -STOP "$pid"; done
      for pid in $found; do calm=0; kill -KILL "$pid"; done
      sleep 0.05
    done
  fi
  wait
} 2>/dev/null
`;
