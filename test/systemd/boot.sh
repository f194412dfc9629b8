#!/bin/bash
# boot.sh NAME ROOT [SOURCE:TARGET…]: runs as PID 1 of new namespaces; builds the guest's file system and becomes
# its systemd. See https://systemd.io/CONTAINER_INTERFACE for what systemd expects to find.
set -e
name=$1 lower=$2
shift 2
mount --make-rprivate /
work=$lower/mnt # inside this mount namespace only; the overlay below does not see it
mount -t tmpfs -o mode=755 tmpfs "$work"
mkdir "$work"/{upper,work,root}
mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"
cd "$work/root"

for bind in "$@"; do
  source=${bind%%:*} target=.${bind#*:}
  if [ -d "$source" ]; then mkdir -p "$target"; else mkdir -p "$(dirname "$target")" && touch "$target"; fi
  mount --bind "$source" "$target"
  mount -o remount,bind,ro "$target"
done

mount -t proc -o nosuid,nodev,noexec proc proc
# Otherwise systemd-sysctl would change the host's settings.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro,nosuid,nodev,noexec proc/sys
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run

controllers=$(cut -d: -f2 /proc/self/cgroup | grep -v -e '^$' -e '^cpuset$' || true)
if [ -z "$controllers" ] || [ "${MACHINE_CGROUP:-}" = unified ]; then
  mount -t cgroup2 cgroup2 sys/fs/cgroup
else
  mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
  for controller in $controllers; do
    folder=${controller#name=}
    mkdir "sys/fs/cgroup/$folder"
    option=$controller
    [ "$folder" = "$controller" ] || option=none,$controller
    mount -t cgroup -o "$option" cgroup "sys/fs/cgroup/$folder"
  done
  if grep -q '^0::' /proc/self/cgroup; then
    mkdir sys/fs/cgroup/unified
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
  fi
fi

tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
: >etc/fstab
rm -f etc/systemd/system/*.wants/* etc/resolv.conf
hostname "$name"
mkdir -p oldroot
pivot_root . oldroot
umount -l /oldroot
exec env -i container=unshare PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  /lib/systemd/systemd --system --log-target=console --show-status=no systemd.unit=multi-user.target
