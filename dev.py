"""Set up perflib in .venv and run its everyday jobs; standard library only, the same on Linux, macOS and Windows.

    python dev.py report    write the monthly response-time report of the sample department
    python dev.py test      run the whole test suite, notebooks included (--slow adds the long tests)
    python dev.py check     ruff, mypy and the tests: what CI runs (--lint leaves the tests out)
    python dev.py lock      resolve requirements.lock anew and check it for every supported platform
    python dev.py bench     run the benchmarks (name them to run some only)
    python dev.py clean     remove .venv and caches
    python dev.py setup     only make .venv

Arguments after `report` go to `perflib run`, after `test` to pytest.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "perflib-setup.txt"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED_GB = 3
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "windows", "aarch64-apple-darwin")
SWITCHED = "PERFLIB_DEV_SWITCHED"


def main(arguments):
    jobs = {job.__name__: job for job in (report, test, check, lock, bench, clean, setup)}
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name not in jobs:
        print(__doc__)
        return 0 if name in ("", "-h", "--help", "help") else 2
    if name != "clean":
        use_supported_python()
    return jobs[name](rest) or 0


# ---- the jobs -------------------------------------------------------------------------------------------------------


def report(rest):
    setup()
    notebook = ROOT / "notebooks" / "01_response_times.ipynb"
    out = [] if "--out" in rest else ["--out", str(ROOT / "reports")]
    period = [] if any(item.startswith("period=") for item in rest) else ["-p", "period=latest-month"]
    earlier = [] if any(item.startswith("compare_to=") for item in rest) else ["-p", "compare_to=previous-period"]
    return run([PYTHON, "-m", "perflib", "run", notebook, *period, *earlier, *out, *rest])


def test(rest):
    setup()
    # loadfile keeps the cells of one notebook on one worker, in their order.
    workers = [] if any(item.startswith("-n") for item in rest) else ["-n", "2", "--dist", "loadfile"]
    return run([PYTHON, "-m", "pytest", "-rfEs", *workers, "--nbval-lax", "--nbval-current-env", *rest])


def check(rest):
    setup()
    lint = [
        run([PYTHON, "-m", "ruff", "check", "."]),
        run([PYTHON, "-m", "ruff", "format", "--check", "--quiet", "."]),
        run([PYTHON, "-m", "mypy"]),
    ]
    if "--lint" in rest:
        return max(lint)
    return max([*lint, test([item for item in rest if item != "--lint"])])


def bench(rest):
    setup()
    names = rest or sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
    return max([run([PYTHON, "-m", f"benchmarks.{name}"]) for name in names], default=0)


def clean(rest):
    for name in (".venv", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis", "build", "dist"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    print("removed .venv and caches")


def lock(rest):
    uv = uv_program()
    options = ["--universal", "--python-version", "3.11", "--generate-hashes"]
    groups = ["--extra", "postgres", "--group", "dev", "--group", "build", "pyproject.toml"]
    header = ["--custom-compile-command", "python dev.py lock"]
    upgrade = rest or ["--upgrade"]
    failed = run([uv, "pip", "compile", "-q", *options, *header, *upgrade, *groups, "-o", LOCK.name], quiet=True)
    return failed or check_lock(uv)


def check_lock(uv):
    """Every package must have a wheel on every supported platform and Python, so that nobody needs a compiler."""
    failures = 0
    for python in ("3.11", "3.12", "3.13"):
        for platform in PLATFORMS:
            with tempfile.TemporaryDirectory() as empty:
                wanted = ["--python-platform", platform, "--python-version", python, "--target", empty]
                command = [uv, "pip", "install", "-q", "--dry-run", "--only-binary", ":all:", "--require-hashes"]
                failed = run([*command, *wanted, "-r", LOCK])
            print(f"{'FAILED' if failed else 'ok':6} Python {python} {platform}")
            failures += bool(failed)
    return min(failures, 1)


# ---- the environment ------------------------------------------------------------------------------------------------


def setup(rest=()):
    """Make .venv match requirements.lock; instant when it already does."""
    wanted = fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    started = time.monotonic()
    moved = STAMP.exists() and not STAMP.read_text(encoding="utf-8").endswith(f" {ROOT}\n")
    if moved or not usable(PYTHON):
        make_venv()
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()
    print("Installing the locked packages into .venv ...", flush=True)
    if install():
        stop(
            "The packages could not be installed; the message above says why. Usual causes: no network "
            "(set HTTPS_PROXY, or pip's own configuration for an internal mirror), or a full disk. Then run this again."
        )
    STAMP.write_text(wanted, encoding="utf-8")
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


def fingerprint():
    digest = hashlib.sha256(LOCK.read_bytes().replace(b"\r\n", b"\n"))
    digest.update((ROOT / "pyproject.toml").read_bytes().replace(b"\r\n", b"\n"))
    return f"{digest.hexdigest()} {sys.version_info[0]}.{sys.version_info[1]} {ROOT}\n"


def usable(python):
    """Whether .venv has this Python's version and works (a half-made or moved one does not)."""
    if not python.exists():
        return False
    probe = "import sys, pip; print(sys.version_info[:2], sys.prefix)"
    found = subprocess.run([str(python), "-c", probe], capture_output=True, text=True, check=False)
    return found.returncode == 0 and found.stdout.strip() == f"{tuple(sys.version_info[:2])} {VENV}"


def make_venv():
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < NEEDED_GB:
        stop(f"The disk holding {ROOT} has {free:.1f} GB free; the environment needs {NEEDED_GB} GB.")
    shutil.rmtree(VENV, ignore_errors=True)
    print(f"Making .venv with Python {sys.version.split()[0]} ...", flush=True)
    # Started from .venv's own Python, the one behind it must be used: .venv has just been removed.
    base = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run([base, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode or not PYTHON.exists():
        shutil.rmtree(VENV, ignore_errors=True)
        stop(f"{made.stdout}{made.stderr}\nPython could not make a virtual environment. {venv_advice()}")


def install():
    """Install the lock with uv, or with pip where uv cannot be had; then perflib itself, editable."""
    environment = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    uv = install_uv(environment)
    # The lock is complete, so nothing needs resolving.
    packages = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    failed = True
    if uv:
        # Compiled now, once: every report starts seconds sooner, also where Python may not write bytecode itself.
        command = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", PYTHON, *packages]
        failed = run(command, {**environment, **uv_settings()})
        if failed:
            print("uv could not install the packages; trying pip, which is slower ...", flush=True)
    if failed:
        failed = run([PYTHON, "-m", "pip", "install", "-q", *packages], environment)
    own = ["--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)]
    return failed or run([PYTHON, "-m", "pip", "install", "-q", *own], {**environment, "PIP_CONFIG_FILE": os.devnull})


def install_uv(environment):
    """The uv program in .venv, installed by pip with the hashes of the lock; None where that fails."""
    uv = BIN / ("uv.exe" if WINDOWS else "uv")
    block = re.search(r"^uv==.*?(?=^\S|\Z)", LOCK.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if block is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "uv.txt"
        pinned.write_text(block.group(0), encoding="utf-8")
        failed = run([PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", pinned], environment)
    return None if failed or not uv.exists() else uv


def uv_settings():
    """uv reads no pip configuration: hand it the certificates that pip is told to use.

    Where packages come from is the user's own configuration of uv; where uv cannot reach them, pip tries by its own.
    """
    listed = subprocess.run([str(PYTHON), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    cert = re.search(r"^\S*\.cert='(.*)'$", listed.stdout, re.MULTILINE)
    return {"SSL_CERT_FILE": cert[1]} if cert and not os.environ.get("SSL_CERT_FILE") else {}


def uv_program():
    setup()
    return BIN / ("uv.exe" if WINDOWS else "uv")


# ---- the machine's Python -------------------------------------------------------------------------------------------


def use_supported_python():
    """Go on with this Python when it will do, or start over with one on the path that will."""
    if OLDEST <= sys.version_info[:2] <= NEWEST and has_venv([sys.executable]):
        return
    if os.environ.get(SWITCHED) != "1":
        for other in other_pythons():
            if has_venv(other):
                os.environ[SWITCHED] = "1"
                sys.exit(subprocess.call([*other, str(Path(__file__).resolve()), *sys.argv[1:]]))
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        stop(f"This Python ({sys.executable}) cannot make virtual environments. {venv_advice()}")
    stop(
        f"perflib needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]} ({sys.executable}). "
        "Install one of them and run `python3.12 dev.py ...`, or `make PYTHON=python3.12 ...`."
    )


def other_pythons():
    versions = ("3.13", "3.12", "3.11")
    if WINDOWS and shutil.which("py"):
        return [["py", f"-{version}"] for version in versions]
    return [[path] for path in (shutil.which(f"python{version}") for version in versions) if path]


def has_venv(command):
    probe = f"import sys, venv, ensurepip; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    try:
        return subprocess.run([*command, "-c", probe], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def venv_advice():
    if sys.platform.startswith("linux") and shutil.which("apt-get"):
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return f"On Debian or Ubuntu: sudo apt install python3-venv (or python{version}-venv), then run this again."
    return "Install a complete Python (with its venv and ensurepip modules), then run this again."


# ---- running programs -----------------------------------------------------------------------------------------------


def run(command, more=None, quiet=False):
    """Run a program in the checkout and return its exit code; its Jupyter looks for kernels in .venv first."""
    environment = {**os.environ, "PYTHONUTF8": "1", "JUPYTER_PREFER_ENV_PATH": "1", **(more or {})}
    for name in ("PYTHONPATH", "PYTHONHOME", "JUPYTER_PATH", "VIRTUAL_ENV", SWITCHED):
        environment.pop(name, None)
    environment["PATH"] = str(BIN) + os.pathsep + environment.get("PATH", "")
    output = subprocess.DEVNULL if quiet else None
    sys.stdout.flush()
    try:
        return subprocess.call([str(part) for part in command], cwd=ROOT, env=environment, stdout=output)
    except OSError as error:
        print(f"{command[0]}: {error}", file=sys.stderr)
        return 127


def stop(message):
    sys.exit(f"dev.py: {message.strip()}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
