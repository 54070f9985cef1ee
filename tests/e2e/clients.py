"""Clients that others have written, as far as they are installed: Debian's curl, nghttp, h2load, openssl, tshark and
chromium, and what tools/get-clients brings below build/clients. A test that lacks its client is skipped, and says so;
in CI that is a failure (see run.py)."""

import os
import shutil
import subprocess
import sys

from harness import Failure, ROOT, WAIT_SECONDS

FETCHED = os.environ.get("BACKLOT_CLIENTS", os.path.join(ROOT, "build", "clients"))


def tool(t, name, where_from):
    """Its path."""
    path = shutil.which(name, path=os.pathsep.join([FETCHED, os.environ["PATH"], "/usr/sbin"]))
    if not path:
        t.skip("there is no %s here: %s" % (name, where_from))
    return path


def debian(t, name, package):
    return tool(t, name, "apt-get install %s" % package)


def fetched(t, name):
    return tool(t, name, "tools/get-clients")


def grpc(t):
    """The module of that name."""
    sys.path.insert(0, os.path.join(FETCHED, "python"))
    try:
        import grpc as module
    except ImportError:
        t.skip("there is no grpcio here: tools/get-clients")
    finally:
        sys.path.pop(0)
    return module


def run(t, *command, code=0, seconds=2 * WAIT_SECONDS, stdin=None):
    """What it prints; with another exit code than `code` (None: any), a failure."""
    try:
        done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True, timeout=seconds,
                              cwd=t.work, env=t.environment({}), check=False)
    except subprocess.TimeoutExpired as e:
        raise Failure("%s did not end in %g s\n%r" % (command[0], seconds, e.output)) from None
    out = done.stdout.decode("utf-8", "replace")
    err = done.stderr.decode("utf-8", "replace")
    t.notes.append("%s ended with %d\n%s%s" % (" ".join(map(str, command)), done.returncode, out, err))
    if code is not None and done.returncode != code:
        raise Failure("%s ended with %d\n%s%s" % (" ".join(map(str, command)), done.returncode, out, err))
    return out


# ---- certificates, made with OpenSSL's own program ----


class Authority:
    """Signs certificates in the test's folder: files NAME.pem and NAME.key."""

    def __init__(self, t, name="ca"):
        self.t, self.name, self.openssl = t, name, debian(t, "openssl", "openssl")
        self.make(name, ["-x509", "-days", "10"], "/CN=Test authority " + name)
        self.pem = t.path(name + ".pem")

    def make(self, name, how, subject):
        run(self.t, self.openssl, "req", *how, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", name + ".key", "-out", name + (".pem" if "-x509" in how else ".csr"), "-subj", subject)

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", begins=None, ends=None):
        """Paths of a certificate and its key. `begins`, `ends`: as 20200101000000Z."""
        t = self.t
        self.make(name, [], "/CN=" + name)
        t.write(name + ".ext", "subjectAltName=%s\nbasicConstraints=CA:FALSE\n" % names)
        if ends:
            t.write(name + ".index", "")
            t.write(name + ".cnf", "[ca]\ndefault_ca=x\n[x]\ndatabase=%s.index\nnew_certs_dir=.\nrand_serial=yes\n"
                                   "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\nCN=supplied\n" % name)
            run(t, self.openssl, "ca", "-batch", "-notext", "-config", name + ".cnf", "-cert", self.name + ".pem",
                "-keyfile", self.name + ".key", "-in", name + ".csr", "-out", name + ".pem", "-extfile",
                name + ".ext", "-startdate", begins or "20200101000000Z", "-enddate", ends)
        else:
            run(t, self.openssl, "x509", "-req", "-in", name + ".csr", "-CA", self.name + ".pem", "-CAkey",
                self.name + ".key", "-CAcreateserial", "-days", "5", "-extfile", name + ".ext", "-out", name + ".pem")
        return t.path(name + ".pem"), t.path(name + ".key")
