"""The packet in an output: true labels, what was there kept, hostile packets harmless."""

from __future__ import annotations

import time
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from restore.record import Step, xmp_packet

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
INVENTED = IPTC + "compositeWithTrainedAlgorithmicMedia"
ENHANCED = IPTC + "algorithmicallyEnhanced"
NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "restore": "urn:restore-photos:1.0/",
    "own": "http://example.org/own/",
}
STEP = Step(
    program="restore",
    version="0.1.0",
    task="colorize",
    backend="diffusion",
    models=("colorizer-v1",),
    parameters="seed=42; steps=6",
    fingerprint="cd" * 32,
)


def source(attributes: str = "", children: str = "") -> bytes:
    """Return a packet as another program might have left it."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMES.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {names}>'
        f'<rdf:Description rdf:about="uuid:1" {attributes}/>'
        f'<rdf:Description rdf:about="uuid:1">{children}</rdf:Description>'
        f'</rdf:RDF></x:xmpmeta>{" " * 100}<?xpacket end="w"?>'
    ).encode()


def values(packet: bytes, name: str) -> list[str]:
    """Return what a packet says of a property, in either form, everywhere in it."""
    prefix, _, local = name.partition(":")
    full = f"{{{NAMES[prefix]}}}{local}"
    root = ElementTree.fromstring(packet)
    said = [node.attrib[full] for node in root.iter() if full in node.attrib]
    return said + ["".join(node.itertext()) for node in root.iter(full)]


def test_a_packet_says_what_made_the_picture() -> None:
    packet = xmp_packet(None, STEP)
    assert packet.warnings == ()
    assert packet.digital_source_type == INVENTED
    assert values(packet.data, "ext:DigitalSourceType") == [INVENTED]
    assert values(packet.data, "ext:AISystemUsed") == ["restore diffusion: colorizer-v1"]
    assert values(packet.data, "ext:AISystemVersionUsed") == ["0.1.0"]
    assert values(packet.data, "xmp:CreatorTool") == ["restore 0.1.0"]
    assert values(packet.data, "restore:fingerprint") == ["cd" * 32]
    assert values(packet.data, "stEvt:action") == ["edited"]
    assert values(packet.data, "stEvt:softwareAgent") == ["restore 0.1.0"]
    assert values(packet.data, "stEvt:when") == []
    assert values(packet.data, "stEvt:parameters") == ["seed=42; steps=6"]
    assert packet.data.startswith(b'<?xpacket begin="\xef\xbb\xbf" id=')
    assert packet.data.endswith(b'<?xpacket end="w"?>')


def test_without_weights_no_ai_system_is_named() -> None:
    packet = xmp_packet(None, replace(STEP, models=()))
    assert values(packet.data, "ext:AISystemUsed") == []
    assert values(packet.data, "ext:AISystemVersionUsed") == []


def test_the_same_step_gives_the_same_bytes() -> None:
    own = source('own:note="kept"')
    assert xmp_packet(own, STEP) == xmp_packet(own, STEP)
    before = xmp_packet(None, STEP)
    xmp_packet(source(children='<a:b xmlns:a="urn:never-seen/">1</a:b>'), STEP)
    assert xmp_packet(None, STEP) == before, "one photo's packet must not leak into another's"


@pytest.mark.parametrize("prefix", ["", "tail"])
def test_what_was_known_stays(prefix: str) -> None:
    title = '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Fête</rdf:li></rdf:Alt></dc:title>'
    packet = xmp_packet(source('own:note="a &amp; b"', title) + b"\0" * len(prefix), STEP)
    assert packet.warnings == ()
    assert values(packet.data, "own:note") == ["a & b"]
    assert values(packet.data, "dc:title") == ["Fête"]
    assert b"dc:title" in packet.data
    assert values(packet.data, "rdf:about") == ["uuid:1", "uuid:1"]
    assert values(packet.data, "ext:DigitalSourceType") == [INVENTED]


@pytest.mark.parametrize(
    ("task", "earlier", "expected"),
    [
        ("colorize", "", INVENTED),
        ("inpaint", "", INVENTED),
        ("upscale", "", INVENTED),
        ("denoise", "", ENHANCED),
        ("denoise", IPTC + "negativeFilm", ENHANCED),
        ("denoise", INVENTED, INVENTED),
        ("denoise", INVENTED.replace("http:", "https:") + "/", INVENTED),
        ("colorize", ENHANCED, INVENTED),
        ("colorize", IPTC + "trainedAlgorithmicMedia", IPTC + "trainedAlgorithmicMedia"),
        ("colorize", IPTC + "noSuchTerm", INVENTED),
    ],
)
@pytest.mark.parametrize("form", ["attribute", "text", "resource"])
def test_the_strongest_label_wins(task: str, earlier: str, expected: str, form: str) -> None:
    name = "ext:DigitalSourceType"
    packet = {
        "attribute": source(f'{name}="{earlier}"'),
        "text": source(children=f"<{name}> {earlier} </{name}>"),
        "resource": source(children=f'<{name} rdf:resource="{earlier}"/>'),
    }[form]
    made = xmp_packet(packet, replace(STEP, task=task))
    assert made.digital_source_type == expected
    assert values(made.data, name) == [expected]


def test_a_second_step_adds_to_the_history_and_replaces_the_rest() -> None:
    denoise = replace(STEP, task="denoise", parameters="strength=1")
    first = xmp_packet(source('xmp:CreatorTool="restore 0.0.9"'), denoise)
    second = xmp_packet(first.data, replace(STEP, models=(), fingerprint="ef" * 32))
    assert values(second.data, "stEvt:parameters") == ["strength=1", "seed=42; steps=6"]
    assert values(second.data, "restore:fingerprint") == ["ef" * 32]
    assert values(second.data, "xmp:CreatorTool") == ["restore 0.1.0"]
    assert values(second.data, "ext:AISystemUsed") == [], "this step used none"


def test_the_history_of_others_goes_on() -> None:
    event = '<rdf:li rdf:parseType="Resource"><stEvt:action>saved</stEvt:action></rdf:li>'
    history = f"<xmpMM:History><rdf:Seq>{event}</rdf:Seq></xmpMM:History>"
    packet = xmp_packet(source('xmp:CreatorTool="ScanMaster 3"', history), STEP)
    (seq,) = ElementTree.fromstring(packet.data).iterfind(".//xmpMM:History/rdf:Seq", NAMES)
    assert len(seq) == 2
    assert "".join(seq[0].itertext()) == "saved"
    assert values(packet.data, "xmp:CreatorTool") == ["ScanMaster 3"]


def test_a_pointer_to_what_is_not_carried_over_is_dropped() -> None:
    packet = xmp_packet(source('xmpNote:HasExtendedXMP="0123" own:note="kept"'), STEP)
    assert values(packet.data, "xmpNote:HasExtendedXMP") == []
    assert values(packet.data, "own:note") == ["kept"]


BOMB = b"".join(
    [
        b'<!DOCTYPE l [<!ENTITY a0 "aaaaaaaaaa">',
        *(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)),
        b"]><l>&a11;</l>",
    ]
)
FOREIGN = b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("packet", "problem"),
    [
        (b"<a", "not well-formed"),
        (b"\0\0", "not well-formed"),
        (b"not xml", "not well-formed"),
        (b"<a>&undefined;</a>", "not well-formed"),
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "not well-formed"),
        (b"<?xml version='1.0' encoding='shift_jis'?><a/>", "encoding"),
        (b"<a/>", "no rdf:RDF"),
        (b"<a>" * 50_000 + b"</a>" * 50_000, "nested too deeply"),
        (BOMB, "document type"),
        (
            FOREIGN + source(children="<dc:title>&x;</dc:title>").partition(b"?>")[2],
            "document type",
        ),
        ('<!DOCTYPE a [<!ENTITY x "y">]><a/>'.encode("utf-16"), "document type"),
    ],
)
def test_a_packet_that_is_none_is_left_behind(packet: bytes, problem: str) -> None:
    start = time.perf_counter()
    made = xmp_packet(packet, STEP)
    assert time.perf_counter() - start < 2
    assert made.data == xmp_packet(None, STEP).data
    (warning,) = made.warnings
    assert warning.startswith("the photo's XMP is left behind: ")
    assert problem in warning


def test_a_packet_too_long_for_the_format_is_left_behind_but_not_its_label() -> None:
    generated = IPTC + "trainedAlgorithmicMedia"
    long = source(f'ext:DigitalSourceType="{generated}" own:note="{"x" * 65_000}"')
    made = xmp_packet(long, STEP, longest=65_504)
    assert len(made.data) < 4000
    assert made.digital_source_type == generated
    assert "65,504 bytes" in made.warnings[0]
    assert xmp_packet(long, STEP).warnings == ()
