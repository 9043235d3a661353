"""From LLVM's assembly to machine code of this processor, and the cache of what was compiled."""

import ctypes
import functools
import hashlib
import os
import platform
from collections.abc import Callable
from typing import Any

import attrs
import llvmlite
from llvmlite import binding

from valor.exceptions import ValorError
from valor.files import cache_folder, write_atomically

# Of each cached file: what it is, then the digest of what follows.
_MAGIC = b"valor native 1\n"


@attrs.frozen
class Machine:
    """This processor.

    Attributes:
        name: LLVM's name of it.
        features: what it has, as LLVM takes it.
        width: how many doubles its vectors have.
    """

    name: str
    features: str
    width: int


@functools.cache
def machine() -> Machine:
    """Return what this processor is."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features()
    width = 2
    if features.get("avx2"):
        width = 8 if features.get("avx512f") else 4
    return Machine(binding.get_host_cpu_name(), features.flatten(), width)


def _target_machine() -> Any:
    host = machine()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(
        cpu=host.name, features=host.features, opt=2, codemodel="jitdefault", jit=True
    )


@functools.cache
def _identity() -> bytes:
    """Return what, beside the program, decides the machine code."""
    host = machine()
    versions = (llvmlite.__version__, str(binding.llvm_version_info), platform.machine())
    return "\n".join((host.name, host.features, *versions)).encode()


@attrs.define(eq=False)
class Code:
    """Machine code that can be called.

    Attributes:
        run: ``run(context, steps)``: how many steps were completed.
        cached: whether it came from the cache.
    """

    run: Callable[[int, int], int]
    cached: bool


def compiled(text: str) -> Code:
    """Return a module's function `run` as machine code, from the cache if it is there."""
    key = hashlib.sha256(_identity() + text.encode()).hexdigest()
    code = _cached(key)
    known = code is not None
    if code is None:
        code = _compile(text)
        _keep(key, code)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _target_machine())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    signature = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
    run = signature(engine.get_function_address("run"))
    # It owns the code, and so must live as long as what calls it.
    run.engine = engine  # type: ignore[attr-defined]
    return Code(run, known)


def _compile(text: str) -> bytes:
    module = binding.parse_assembly(text)
    module.verify()
    target = _target_machine()
    passes = binding.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    options = binding.create_pipeline_tuning_options(speed_level=2)
    passes.run(module, binding.create_pass_builder(target, options))
    code: bytes = target.emit_object(module)
    return code


def _path(key: str) -> str:
    return os.path.join(cache_folder("native"), f"{key}.o")


def _cached(key: str) -> bytes | None:
    """Return what the cache has; None where it has nothing, or nothing that can be trusted."""
    try:
        with open(_path(key), "rb") as file:
            content = file.read()
    except (OSError, ValorError):
        return None
    head = len(_MAGIC)
    digest, code = content[head : head + 32], content[head + 32 :]
    if content[:head] != _MAGIC or hashlib.sha256(key.encode() + code).digest() != digest:
        return None
    return code


def _keep(key: str, code: bytes) -> None:
    """Put something into the cache; where that cannot be, it is compiled again next time."""
    digest = hashlib.sha256(key.encode() + code).digest()
    try:
        write_atomically(_path(key), _MAGIC + digest + code)
    except (OSError, ValorError):
        return
