#!/usr/bin/env bash
# Runs tests of package kernel on an emulated processor with AMX: a Linux kernel
# boots in Bochs, with the test program as its only process.
#
#   internal/kernel/_asm/emulate.sh /boot/vmlinuz-6.16 'TestConvolve|TestBFloat16'
#
# It takes Bochs 3.0 with its BIOS (Debian 13: bochs bochs-term bochsbios vgabios),
# isolinux, syslinux-common, xorriso and cpio, Linux 6.15 or newer, which knows
# setcpuid, and some three minutes. BOCHS is the command, if not bochs, and SHARE
# the folder of share/bochs and share/vgabios, if not /usr/share.
#
# Bochs lacks XFD, which Linux asks for before it lets anybody use tiles; feature
# 324 has Linux believe that it is there. Nothing else runs that could take the
# tiles away.
set -euo pipefail
[ $# = 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
kernel=$(realpath "$1") tests=$2 share=${SHARE:-/usr/share}
root=$(realpath "$(dirname "$0")/../../..")
work=$(mktemp -d)
trap 'kill "${emulator:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

mkdir -p files/dev image/isolinux
(cd "$root" && CGO_ENABLED=0 go test -c -ldflags=-s -o "$work/files/init" ./internal/kernel)
mknod files/dev/console c 5 1
(cd files && find . | cpio --quiet -o -H newc | gzip -1) >image/files
cp "$kernel" image/linux
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 image/isolinux
cat >image/isolinux/isolinux.cfg <<END
default test
label test
  kernel /linux
  initrd /files
  append console=ttyS0,115200 setcpuid=324 acpi=off hpet=disable tsc=unstable -- -test.v -test.run=$tests
END
xorriso -as mkisofs -quiet -o boot.iso -b isolinux/isolinux.bin -c isolinux/boot.cat \
  -no-emul-boot -boot-load-size 4 -boot-info-table image

cat >bochsrc <<END
display_library: term
memory: guest=512, host=512
romimage: file=$share/bochs/BIOS-bochs-latest
vgaromimage: file=$share/vgabios/vgabios.bin
cpu: model=sapphire_rapids, ips=20000000
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=console
log: log
END
touch console
# Its screen wants a terminal. Without its debugger, which is told to continue,
# Linux hangs while it sets up the state of the vector registers.
mkfifo commands
exec 3<>commands
echo continue >&3
script -qfc "exec ${BOCHS:-bochs} -q -f bochsrc -debugger" /dev/null >/dev/null 2>&1 <&3 &
emulator=$!
tail -f --pid=$emulator console | sed -u '/Attempted to kill init/q' | grep -av --line-buffered '^\[' || true
grep -aqx $'PASS\r\?' console
