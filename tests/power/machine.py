# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine whose power can be cut: python -m tests.power.machine create IMAGE | start | cut | destroy

The power is cut by SIGKILL of qemu. What the guest's programs have written and not synced is in the guest's memory, and
lost; its kernel is told to write nothing back of its own accord. What it has flushed to its disk is in this machine's
page cache, which outlives qemu, as a disk outlives its computer. So a cut proves that whatever must be durable was
synced, and in which order. It does not prove anything about disks that lie about a flush, or about other file systems.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ..ports import free_port

CPUS = 3
#: Megabytes. With less than 512 the kernel turns its huge pages off by itself.
MEMORY = 768
#: For a machine that is emulated on one that is busy; where it is quiet the boot takes 20 seconds.
_PATIENCE = 900.0
# A journal of ext4 that is written every ten minutes only, unless somebody syncs: what is not synced must be lost.
_KERNEL = (
    "root=/dev/nvme0n1 rootfstype=ext4 rootflags=commit=600 rw console=ttyS0 quiet loglevel=4 systemd.show_status=0 "
    "net.ifnames=0 mitigations=off audit=0 selinux=0 apparmor=0 sysctl.vm.dirty_writeback_centisecs=0 "
)
_UP = "the machine is up"


@dataclass(frozen=True)
class Machine:
    """One in ``directory``: its disk, its console, its process id, its port for ssh, the keys."""

    directory: Path

    def create(self, image: Path) -> None:
        """A copy of the image's disk, and how it is reached."""
        self.directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "--sparse=always", image / "disk", self.directory / "disk"], check=True)
        shutil.copyfile(image / "kernel", self.directory / "kernel")
        (self.directory / "key").unlink(missing_ok=True)
        (self.directory / "key").touch(mode=0o600)
        (self.directory / "key").write_bytes((image / "key").read_bytes())
        port = free_port()
        (self.directory / "port").write_text(str(port))
        (self.directory / "known_hosts").write_text(f"[127.0.0.1]:{port} {(image / 'host-key').read_text()}")
        (self.directory / "accelerator").write_text(self._accelerator())

    def start(self, clock: str = "utc") -> float:
        """Boot, with the hardware's clock at this time; the seconds until everything is up."""
        begun = time.monotonic()
        (self.directory / "console").unlink(missing_ok=True)
        subprocess.run(self._command(clock), check=True)
        while _UP not in self._console():
            if self.process() is None or time.monotonic() - begun > _PATIENCE:
                self.cut()
                raise SystemExit(f"The machine did not come up:\n{self._console()[-3000:]}")
            time.sleep(0.1)
        return time.monotonic() - begun

    def cut(self) -> None:
        """Cut its power, now. Nothing happens where it does not run."""
        process = self.process()
        if process is None:
            return
        os.kill(process, signal.SIGKILL)
        # Its threads end one after the other; with the last one goes the lock of its pid file, and that of the disk.
        with (self.directory / "pid").open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)

    def destroy(self) -> None:
        """Nothing runs any more, and nothing is left of it."""
        self.cut()
        for name in ("disk", "kernel", "key", "port", "known_hosts", "accelerator", "console", "pid"):
            (self.directory / name).unlink(missing_ok=True)

    def process(self) -> int | None:
        """The id of its qemu; one that another process has by now is not it."""
        with contextlib.suppress(OSError, ValueError):
            process = int((self.directory / "pid").read_text())
            if os.fsencode(self.directory / "disk") in Path(f"/proc/{process}/cmdline").read_bytes():
                return process
        return None

    @property
    def port(self) -> int:
        return int((self.directory / "port").read_text())

    def ssh(self, *command: str) -> list[str]:
        """The command line that runs a command there."""
        options = {
            "UserKnownHostsFile": self.directory / "known_hosts",
            "IdentityFile": self.directory / "key",
            "IdentitiesOnly": "yes",
            "ConnectTimeout": int(_PATIENCE),
            "LogLevel": "ERROR",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return ["ssh", "-F", "none", *words, "-p", str(self.port), "ops@127.0.0.1", *command]

    def _command(self, clock: str) -> list[str]:
        disk = f"file={self.directory / 'disk'},format=raw,if=none,id=disk,cache=writeback"
        network = f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22"
        return [
            *_qemu((self.directory / "accelerator").read_text()),
            *("-daemonize", "-pidfile", str(self.directory / "pid")),
            *("-smp", str(CPUS), "-m", str(MEMORY), "-rtc", f"base={clock}"),
            *("-kernel", str(self.directory / "kernel"), "-append", _KERNEL),
            *("-drive", disk, "-device", "nvme,drive=disk,serial=disk"),
            *("-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile="),
            *("-serial", f"file:{self.directory / 'console'}"),
        ]

    def _accelerator(self) -> str:
        """Hardware's help where it works: /dev/kvm may be there and not work, as on some virtual machines."""
        if not os.access("/dev/kvm", os.R_OK | os.W_OK):
            return _EMULATED
        # A kernel without a disk panics, and the machine ends.
        trial = [*_qemu("kvm"), "-m", "256", "-kernel", str(self.directory / "kernel"), "-append", "panic=-1"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            if subprocess.run(trial, timeout=60, capture_output=True, check=False).returncode == 0:
                return "kvm"
        return _EMULATED

    def _console(self) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.directory / "console").read_text(errors="replace")
        return ""


_EMULATED = "tcg,thread=multi"


def _qemu(accelerator: str) -> list[str]:
    return [
        *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
        *("-machine", "q35", "-cpu", "max", "-accel", accelerator),
    ]


def here() -> Machine:
    """The one of this scenario."""
    return Machine(Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]))


def main(command: str, *arguments: str) -> None:
    machine = here()
    if command == "create":
        machine.create(Path(*arguments))
    elif command == "start":
        print(json.dumps({"port": machine.port, "seconds": round(machine.start(*arguments), 1)}))
    else:
        {"cut": machine.cut, "destroy": machine.destroy}[command]()


if __name__ == "__main__":
    main(*sys.argv[1:])
