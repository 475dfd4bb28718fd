"""Fused: a function with a fast way to run it and its gradient, which JAX transforms like any other.

Three primitives stand for it: the call, its derivative in a direction, and its gradient, which is what the
derivative transposes to. So reverse mode takes the fast way. All other derivatives are those of the plain
way, and so is what is exported, since kernels of this machine are not on another.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, PyTree

from normcast import jax_seam
from normcast.kernels import native

# What is differentiated reaches a custom gradient as it was given: by a test or a notebook, from NumPy.
Primal = Array | np.ndarray
Arrays = list[Any]


@dataclass(frozen=True)
class Fused:
    """A function fused(facts, *trees of arrays), which returns a tuple of arrays. facts are hashable.

    run(facts, *trees) returns the results; forward(facts, *trees) returns (results, what to save).
    backward(facts, trees, saved, cotangents, asked) returns for each tree that of its gradients, or None
    where it has none; asked: whether the first one's are wanted, else they may be of any shape.
    plain(facts, *trees) returns the results by operations of JAX; is_portable: whether the others do, too.
    """

    run: Callable[..., Sequence[Array]]
    forward: Callable[..., tuple[Sequence[Array], Sequence[Array]]]
    backward: Callable[..., Sequence[PyTree]]
    plain: Callable[..., Sequence[Array]]
    is_portable: bool = False

    def __call__(self, facts: Hashable, *trees: PyTree) -> tuple[Array, ...]:
        """Return the results, which have every derivative in the arrays that backward has a gradient for."""
        arrays, tree = jax.tree.flatten(trees)
        way = _Way(self, facts, tree, native.are_left_out())
        return tuple(CALL.bind(*jax_seam.as_varying(arrays), way=way, saves=False))


@dataclass(frozen=True)
class _Way:
    """A fused function on lists of arrays. levels: over how many axes in front it is mapped.

    without_native: whether it was called where the native kernels are left out.
    """

    fused: Fused
    facts: Hashable
    tree: Any
    without_native: bool
    levels: int = 0

    def call(self, *arrays: Any, saves: bool) -> Arrays:
        """Return the results, and what the gradient reads if it is to be saved."""

        def once(*arrays: Any) -> Arrays:
            trees = self._trees(arrays)
            if not saves:
                return list(self.fused.run(self.facts, *trees))
            results, saved = self.fused.forward(self.facts, *trees)
            return [*results, *saved]

        return self._mapped(once)(*arrays)

    def plain_call(self, *arrays: Any, saves: bool) -> Arrays:
        results = self._plain(*arrays)
        wanted = _given(self, saves, tuple(map(jax.typeof, arrays)))[len(results) :]
        return [*results, *(jnp.zeros(each.shape, each.dtype) for each in wanted)]  # nobody will read them

    def push(self, *operands: Any, at: tuple[int, ...], kept: int) -> Arrays:
        """Return the tangents of the results, from (arrays, saved, tangents of the arrays `at`).

        kept: how many were saved. They are not read: what the derivative needs is computed again.
        """
        arrays, _, tangents = self.parts(operands, kept)
        return list(_pushed(self._plain, arrays, dict(zip(at, tangents, strict=True)))[1])

    def pull(self, *operands: Any, at: tuple[int, ...], kept: int) -> Arrays:
        """Return the gradients of the arrays `at`, from (arrays, saved, cotangents of the results)."""

        def once(*operands: Any) -> Arrays:
            arrays, saved, cotangents = self.parts(operands, kept)
            trees = self._trees(arrays)
            grads = self.fused.backward(self.facts, trees, saved, cotangents, 0 in at)
            each = [g for tree, grad in zip(trees, grads, strict=True) for g in _leaves(tree, grad)]
            return [_like(arrays[i], each[i]) for i in at]

        return self._mapped(once)(*operands)

    def plain_pull(self, *operands: Any, at: tuple[int, ...], kept: int) -> Arrays:
        arrays, _, cotangents = self.parts(operands, kept)
        some = [arrays[i] for i in at]
        return list(jax.vjp(lambda *some: self._plain(*_with(arrays, at, some)), *some)[1](cotangents))

    def parts(self, operands: Sequence[Any], kept: int) -> tuple[Arrays, Arrays, Arrays]:
        count = self.tree.num_leaves
        return list(operands[:count]), list(operands[count : count + kept]), list(operands[count + kept :])

    def _plain(self, *arrays: Any) -> Arrays:
        return self._mapped(lambda *arrays: list(self.fused.plain(self.facts, *self._trees(arrays))))(*arrays)

    def _trees(self, arrays: Sequence[Any]) -> Any:
        return jax.tree.unflatten(self.tree, arrays)

    def _mapped(self, function: Callable[..., Arrays]) -> Callable[..., Arrays]:
        for _ in range(self.levels):
            function = jax.vmap(function)
        return native.left_out()(function) if self.without_native else function


def _like(array: Any, grad: Any) -> Array:
    return jnp.zeros_like(array) if grad is None else grad.astype(array.dtype)


def _leaves(tree: PyTree, grad: PyTree) -> Arrays:
    return [None] * len(jax.tree.leaves(tree)) if grad is None else jax.tree.leaves(grad)


def _with(arrays: Sequence[Any], at: Sequence[int], some: Sequence[Any]) -> Arrays:
    changed = dict(zip(at, some, strict=True))
    return [changed.get(i, array) for i, array in enumerate(arrays)]


def _pushed(
    function: Callable[..., Arrays], arguments: Sequence[Any], tangents: dict[int, Any]
) -> tuple[Arrays, Arrays]:
    """Return what a function gives, and the tangents of it, where some arguments have one."""
    at = tuple(tangents)
    some = [arguments[i] for i in at]
    return jax.jvp(lambda *some: function(*_with(arguments, at, some)), some, [*tangents.values()])


# ---- how JAX transforms them


def _given(way: _Way, saves: bool, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what is known of that which a call gives: shapes and types, as of the arrays."""
    return _traced(way, saves, arrays, native.KEPT)


@lru_cache(maxsize=1024)
def _traced(way: _Way, saves: bool, arrays: tuple[Any, ...], _: int) -> tuple[Any, ...]:
    seen, axes = jax_seam.as_alike(arrays)
    given = jax.make_jaxpr(lambda *a: way.call(*a, saves=saves))(*seen).out_avals
    return tuple(jax_seam.varying_over(axes, given))


def _primitive(
    fast: Callable[..., Arrays], plain: Callable[..., Arrays], shapes: Callable[..., Sequence[Any]]
) -> Primitive:
    """Return a primitive for a method of a way, computed as `plain` does in what is exported.

    shapes: returns what is known of the results, of that which is known of the operands.
    """
    made = Primitive(f"normcast_{fast.__name__}")
    made.multiple_results = True

    @lru_cache(maxsize=1024)
    def compiled(way: _Way, **how: Any) -> Callable[..., Arrays]:
        return jax.jit(lambda *operands: fast(way, *operands, **how))

    def lowered_on_cpu(context: Any, *operands: Any, way: _Way, **how: Any) -> Any:
        body = plain if jax_seam.is_exported(context) and not way.fused.is_portable else fast
        return lowered_as(body, context, *operands, way=way, **how)

    def lowered(context: Any, *operands: Any, way: _Way, **how: Any) -> Any:
        return lowered_as(fast if way.fused.is_portable else plain, context, *operands, way=way, **how)

    def lowered_as(body: Callable[..., Arrays], context: Any, *operands: Any, way: _Way, **how: Any) -> Any:
        seen, _ = jax_seam.as_alike(context.avals_in)
        lower = mlir.lower_fun(lambda *a: body(way, *a, **how), multiple_results=True)
        return lower(context.replace(avals_in=seen), *operands)

    def mapped(operands: Sequence[Any], axes: Sequence[Any], *, way: _Way, **how: Any) -> Any:
        size = next(a.shape[axis] for a, axis in zip(operands, axes, strict=True) if axis is not None)
        rows = [
            jnp.broadcast_to(a, (size, *a.shape)) if axis is None else jnp.moveaxis(a, axis, 0)
            for a, axis in zip(operands, axes, strict=True)
        ]
        results = made.bind(*rows, way=replace(way, levels=way.levels + 1), **how)
        return results, [0] * len(results)

    made.def_impl(lambda *operands, way, **how: compiled(way, **how)(*operands))
    made.def_abstract_eval(shapes)
    mlir.register_lowering(made, lowered)
    mlir.register_lowering(made, lowered_on_cpu, platform="cpu")
    batching.primitive_batchers[made] = mapped
    return made


CALL = _primitive(_Way.call, _Way.plain_call, lambda *arrays, way, saves: _given(way, saves, arrays))
PUSH = _primitive(
    _Way.push, _Way.push, lambda *a, way, at, kept: _given(way, False, tuple(way.parts(a, kept)[0]))
)
PULL = _primitive(_Way.pull, _Way.plain_pull, lambda *a, way, at, kept: [a[i] for i in at])


def _moving(tangents: Sequence[Any]) -> dict[int, Any]:
    return {i: tangent for i, tangent in enumerate(tangents) if not isinstance(tangent, ad.Zero)}


def _zeros(arrays: Sequence[Any]) -> Arrays:
    return [ad.Zero(jax.typeof(array).to_tangent_aval()) for array in arrays]


def _call_jvp(primals: Sequence[Any], tangents: Sequence[Any], *, way: _Way, saves: bool) -> Any:
    given = CALL.bind(*primals, way=way, saves=True)
    count = len(_given(way, False, tuple(map(jax.typeof, primals))))
    results, saved = given[:count], given[count:]
    moving = _moving(tangents)
    how = {"way": way, "at": tuple(moving), "kept": len(saved)}
    pushed = PUSH.bind(*primals, *saved, *moving.values(), **how)
    return (given, [*pushed, *_zeros(saved)]) if saves else (results, pushed)


def _push_transposed(
    cotangents: Sequence[Any], *operands: Any, way: _Way, at: tuple[int, ...], kept: int
) -> Any:
    arrays, saved, _ = way.parts(operands, kept)
    given = [ad.instantiate_zeros(each) for each in cotangents]
    pulled = PULL.bind(*arrays, *saved, *given, way=way, at=at, kept=kept)
    return [*(None for _ in (*arrays, *saved)), *pulled]


def _jvp_of(primitive: Primitive, plain: Callable[..., Arrays]) -> Callable[..., Any]:
    """Return how a derivative is derived again: as the plain way, which reads nothing of what was saved."""

    def jvp(
        operands: Sequence[Any], tangents: Sequence[Any], *, way: _Way, at: tuple[int, ...], kept: int
    ) -> Any:
        results = primitive.bind(*operands, way=way, at=at, kept=kept)
        first = way.tree.num_leaves
        moving = {i: t for i, t in _moving(tangents).items() if not first <= i < first + kept}
        if not moving:
            return results, _zeros(results)
        return results, _pushed(lambda *a: plain(way, *a, at=at, kept=kept), operands, moving)[1]

    return jvp


ad.primitive_jvps[CALL] = _call_jvp
ad.primitive_jvps[PUSH] = _jvp_of(PUSH, _Way.push)
ad.primitive_jvps[PULL] = _jvp_of(PULL, _Way.plain_pull)
ad.primitive_transposes[PUSH] = _push_transposed
