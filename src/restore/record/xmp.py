"""The XMP packet that an output carries: what it is, what made it, what was known before.

A pure function of the photo and the settings: no time, host or path, so that the same run gives
the same bytes. Sources: Adobe, XMP Specification parts 1 and 2; IPTC Photo Metadata Standard
2025.1, section "AI".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from .label import digital_source_type

_NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "stRef": "http://ns.adobe.com/xap/1.0/sType/ResourceRef#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "restore": "urn:restore-photos:1.0/",
}
# Meaning does not hang on prefixes, but many readers do. ElementTree keeps one table for the
# process; it is filled here, once, and never from a photo, so that no photo affects another.
for _prefix, _uri in _NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)


def _name(qualified: str) -> str:
    prefix, _, local = qualified.partition(":")
    return f"{{{_NAMESPACES[prefix]}}}{local}"


_RDF, _DESCRIPTION, _ABOUT = _name("rdf:RDF"), _name("rdf:Description"), _name("rdf:about")
_SEQ, _ITEM, _HISTORY = _name("rdf:Seq"), _name("rdf:li"), _name("xmpMM:History")
_SOURCE_TYPE, _TOOL = _name("Iptc4xmpExt:DigitalSourceType"), _name("xmp:CreatorTool")
_SYSTEM = _name("Iptc4xmpExt:AISystemUsed")
_SYSTEM_VERSION = _name("Iptc4xmpExt:AISystemVersionUsed")
_FINGERPRINT = _name("restore:fingerprint")
_EXTENDED = _name("xmpNote:HasExtendedXMP")  # of a JPEG, in segments that are not carried over
MARK = _NAMESPACES["restore"].encode()
"""What no packet holds but that of a result of ours, or of a picture made from one."""

_DEEPEST = 100  #: nested elements; an honest packet has a dozen


@dataclass(frozen=True)
class Step:
    """What is done to a photo, as far as its packet tells."""

    program: str  #: our name
    version: str  #: ours
    task: str
    backend: str
    models: tuple[str, ...]  #: names and hashes of weights; without any, no AI system is named
    parameters: str  #: the history's account of it
    fingerprint: str
    #: adds what the photo did not show, or does not; None: as its task mostly does
    invents: bool | None = None


class Packet(NamedTuple):
    """A packet and what its making brought to light."""

    data: bytes
    digital_source_type: str  #: the IPTC term that it carries, a URI
    warnings: tuple[str, ...] = ()


def xmp_packet(existing: bytes | None, step: Step, *, longest: int | None = None) -> Packet:
    """Say in XMP what an output is, keeping what its source's packet said.

    Args:
        existing: The source's packet, in UTF-8. It is left behind with a warning if it is not
            XMP, is too long, or declares a document type, which no packet needs and attacks do.
        step: What is done now.
        longest: Bytes that the output's format has room for.
    """
    if not existing:
        return _merged(_empty(), step)
    earlier = ""
    try:
        packet = _merged(_parsed(existing), step)
        if longest is None or len(packet.data) <= longest:
            return packet
        problem, earlier = f"it leaves no room in {longest:,} bytes", packet.digital_source_type
    except ValueError as error:
        problem = str(error)
    alone = _merged(_empty(), step, earlier)
    return alone._replace(warnings=(f"the photo's XMP is left behind: {problem}",))


def _merged(root: Element, step: Step, earlier: str = "") -> Packet:
    """Put a step into a tree that holds an rdf:RDF."""
    rdf = next(root.iter(_RDF))
    description = rdf.find(_DESCRIPTION)
    if description is None:
        description = SubElement(rdf, _DESCRIPTION, {_ABOUT: ""})
    tool = f"{step.program} {step.version}"
    before = _taken(rdf, _SOURCE_TYPE) or earlier
    term = digital_source_type(step.task, before, invents=step.invents)
    first_tool = _taken(rdf, _TOOL)
    for name in (_SYSTEM, _SYSTEM_VERSION, _FINGERPRINT, _EXTENDED):
        _taken(rdf, name)
    description.set(_SOURCE_TYPE, term)
    # The tool that made the picture first: a scanner's name stays.
    ours = not first_tool or first_tool.startswith(f"{step.program} ")
    description.set(_TOOL, tool if ours else first_tool)
    if step.models:
        description.set(_SYSTEM, f"{step.program} {step.backend}: {', '.join(step.models)}")
        description.set(_SYSTEM_VERSION, step.version)
    description.set(_FINGERPRINT, step.fingerprint)
    event = {"action": "edited", "softwareAgent": tool, "parameters": step.parameters}
    named = {_name(f"stEvt:{key}"): value for key, value in event.items()}
    SubElement(_history(rdf, description), _ITEM, named)
    return Packet(_wrapped(root), term)


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree of a packet, but of nothing that is made to exhaust its reader."""

    depth = 0

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        raise ValueError("it declares a document type")

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        return super().start(tag, attributes)

    def end(self, tag: str) -> Element:
        self.depth -= 1
        return super().end(tag)


def _parsed(packet: bytes) -> Element:
    """Return the tree of a packet; raise ValueError if it is not XMP."""
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(packet.strip(b"\0\r\n\t "))
        root: Element = parser.close()
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"it is not well-formed ({error})") from None
    if next(root.iter(_RDF), None) is None:
        raise ValueError("it holds no rdf:RDF")
    return root


def _empty() -> Element:
    root = Element(_name("x:xmpmeta"))
    SubElement(root, _RDF)
    return root


def _taken(rdf: Element, name: str) -> str:
    """Remove a simple property, in either of its forms; return what it said, or ""."""
    said = ""
    for description in rdf.iterfind(_DESCRIPTION):
        said = description.attrib.pop(name, said)
        for element in description.findall(name):
            said = element.get(_name("rdf:resource")) or (element.text or "").strip()
            description.remove(element)
    return said


def _history(rdf: Element, description: Element) -> Element:
    """Return the list of what was done so far, made if there was none."""
    history = rdf.find(f"{_DESCRIPTION}/{_HISTORY}")
    if history is None:
        history = SubElement(description, _HISTORY)
    return history[0] if len(history) else SubElement(history, _SEQ)


def _wrapped(root: Element) -> bytes:
    text = ElementTree.tostring(root, encoding="unicode")
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n{text}\n<?xpacket end="w"?>'
    ).encode()
