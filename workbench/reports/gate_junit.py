"""A verdict as JUnit XML: one test case an objective and a precondition, for any CI's test view."""

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET


def render_junit(document: Mapping[str, Any]) -> str:
    """Return the XML of one evidence document: a breach is a failure, whatever cannot be decided an error."""
    suite = ET.Element("testsuite", name="titanium gate")
    for slo in document["slos"]:
        case = ET.SubElement(suite, "testcase", classname="slo", name=slo["name"])
        message = f"{slo['bad']} of {slo['total']} bad, {slo['allowance']:.2%} allowed"
        if slo["verdict"] == "FAIL":
            ET.SubElement(case, "failure", message=message)
        elif slo["verdict"] != "PASS":
            ET.SubElement(case, "error", message=f"{message}: too few requests to decide")
    for one in document["preconditions"]:
        case = ET.SubElement(suite, "testcase", classname="precondition", name=one["name"])
        if not one["holds"]:
            ET.SubElement(case, "error", message=f"{one['observed']}: {one['remedy']}")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("*/failure"))))
    suite.set("errors", str(len(suite.findall("*/error"))))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
