"""An accelerator that is not there: programs are traced, lowered and run as they would be for a GPU."""

import math
from collections.abc import Iterator
from typing import Any

import jax
import pytest

from normcast.engine import program
from normcast.kernels import native


def take_for_gpu(patch: pytest.MonkeyPatch) -> None:
    """Let this process take the CPU for a GPU, as far as our code and Keras' can see; XLA does not."""
    patch.setattr(jax, "default_backend", lambda: "gpu")
    patch.setattr(native, "_is_built", lambda: False)
    patch.setattr(program, "_compiled", {})


def calls_of(lowered: Any) -> set[str]:
    """Return what a program calls that is no operation of XLA: kernels, of the CPU or of a library."""
    found = set()
    for operation in _inside(lowered, lowered.compiler_ir("stablehlo").operation):
        if operation.name == "stablehlo.custom_call":
            found.add(str(operation.attributes["call_target_name"]).strip('"'))
    return found


def products_in_loops(lowered: Any) -> list[int]:
    """Return for each innermost loop of a program how many products its body has, in the order of loops."""
    loops = []
    for operation in _inside(lowered, lowered.compiler_ir("stablehlo").operation):
        if operation.name == "stablehlo.while":
            body = [each.name for each in _inside(lowered, operation)]
            if "stablehlo.while" not in body[1:]:
                loops.append(body.count("stablehlo.dot_general"))
    return loops


def columns_of_products(lowered: Any) -> list[int]:
    """Return how many numbers each product of a program gives."""
    return [
        math.prod(each.results[0].type.shape)
        for each in _inside(lowered, lowered.compiler_ir("stablehlo").operation)
        if each.name == "stablehlo.dot_general"
    ]


def _inside(lowered: Any, operation: Any) -> Iterator[Any]:
    """Yield an operation and all inside it, also in the functions that it calls."""
    functions = {
        str(each.attributes["sym_name"]).strip('"'): each.operation
        for each in lowered.compiler_ir("stablehlo").body.operations
    }

    def walked(one: Any) -> Iterator[Any]:
        yield one
        for block in (block for region in one.regions for block in region):
            for each in block:
                yield from walked(each.operation)
        if one.name == "func.call":
            yield from walked(functions[str(one.attributes["callee"]).lstrip("@").strip('"')])

    if operation.name == "builtin.module":
        yield from walked(functions["main"])
    else:
        yield from walked(operation)
