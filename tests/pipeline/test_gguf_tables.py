"""Our tables of GGUF against those of the `gguf` package, which a start of `specship` has no time to import."""

import struct

import gguf as library
import pytest

from specship.pipeline.export.quantizer import K_QUANTS
from specship.pipeline.gguf import format as own
from specship.pipeline.gguf.elements import FILE_TYPES

VALUE_TYPES = {
    "STRING": own.STRING,
    "ARRAY": own.ARRAY,
    "BOOL": own.BOOL,
    "UINT8": own.UINT8,
    "UINT32": own.UINT32,
    "INT32": own.INT32,
    "FLOAT32": own.FLOAT32,
}


def test_the_magic_the_version_and_the_alignment() -> None:
    assert struct.pack("<I", library.GGUF_MAGIC) == own.MAGIC
    assert max(own.VERSIONS) == library.GGUF_VERSION
    assert own.DEFAULT_ALIGNMENT == library.GGUF_DEFAULT_ALIGNMENT


@pytest.mark.parametrize("name", VALUE_TYPES)
def test_a_value_type_has_its_number(name: str) -> None:
    assert library.GGUFValueType[name] == VALUE_TYPES[name]


def test_every_type_but_texts_and_lists_is_a_scalar() -> None:
    numbers = {int(kind) for kind in library.GGUFValueType} - {own.STRING, own.ARRAY}
    assert own.SCALARS.keys() == numbers


@pytest.mark.parametrize("number", own.SCALARS)
def test_a_scalar_takes_its_bytes(number: int) -> None:
    name = library.GGUFValueType(number).name
    bits = 8 if name == "BOOL" else int(name.lstrip("UINTFLOA"))
    assert struct.calcsize(own.SCALARS[number]) * 8 == bits


@pytest.mark.parametrize("number", own.ELEMENT_TYPES)
def test_an_element_type_has_its_name_and_its_size(number: int) -> None:
    element, kind = own.ELEMENT_TYPES[number], library.GGMLQuantizationType(number)
    assert element.name == kind.name
    assert (element.block, element.bytes) == library.GGML_QUANT_SIZES[kind]


@pytest.mark.parametrize("name", FILE_TYPES)
def test_a_file_type_has_its_number(name: str) -> None:
    prefix = "ALL" if name == "F32" else "MOSTLY"
    assert library.LlamaFileType[f"{prefix}_{name}"] == FILE_TYPES[name]


@pytest.mark.parametrize("name", K_QUANTS)
def test_a_mixture_has_its_number(name: str) -> None:
    assert library.LlamaFileType[f"MOSTLY_{name}"] == K_QUANTS[name]
