"""kserve-manifests.py FILE...: holds KServe's resources against the classes of its Python client and of Kubernetes'.

Every field has to be known, every value of the type that the class says, and every required field there. The schemas of
the cluster itself are in no package.
"""

import datetime
import importlib.util
import re
import sys
import types

import kubernetes.client
import yaml

# the package's own __init__ starts a whole model server; its models need nothing of that
spec = importlib.util.find_spec("kserve")
package = types.ModuleType("kserve")
package.__path__ = list(spec.submodule_search_locations)
sys.modules["kserve"] = package
models = importlib.import_module("kserve.models")

KINDS = {
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"): "V1alpha1ClusterServingRuntime",
    ("serving.kserve.io/v1beta1", "InferenceService"): "V1beta1InferenceService",
}
PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object, "datetime": datetime.datetime}
# what the classes call an object and the cluster takes as a number or text
ANY = {"IntOrString", "ResourceQuantity", "K8sIoApimachineryPkgApiResourceQuantity"}


def class_of(name):
    found = getattr(models, name, None) or getattr(kubernetes.client, name, None)
    if found is None:
        raise SystemExit(f"no class {name}")
    return found


def check(value, kind, path):
    """The object of this kind, or of plain Python; ends the program where the value does not fit."""
    several = re.fullmatch(r"[lL]ist\[(.+)\]", kind)
    if several:
        if not isinstance(value, list):
            raise SystemExit(f"{path}: expected a list, found {value!r}")
        return [check(each, several[1], f"{path}[{i}]") for i, each in enumerate(value)]
    mapped = re.fullmatch(r"[dD]ict(?:\(|\[)(\w+), (.+)(?:\)|\])", kind)
    if mapped:
        return {key: check(each, mapped[2], f"{path}.{key}") for key, each in value.items()}
    if kind in ANY:
        return value
    if kind in PLAIN:
        if not isinstance(value, PLAIN[kind]) or (kind == "int" and isinstance(value, bool)):
            raise SystemExit(f"{path}: expected {kind}, found {value!r}")
        return value
    cls = class_of(kind)
    if not isinstance(value, dict):
        raise SystemExit(f"{path}: expected an object, found {value!r}")
    attributes = {key: attribute for attribute, key in cls.attribute_map.items()}
    unknown = [key for key in value if key not in attributes]
    if unknown:
        raise SystemExit(f"{path}: {kind} has no {', '.join(unknown)}")
    members = {
        attributes[key]: check(each, cls.openapi_types[attributes[key]], f"{path}.{key}") for key, each in value.items()
    }
    try:
        return cls(**members)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from error


for file in sys.argv[1:]:
    for document in yaml.safe_load_all(open(file, encoding="utf-8")):
        kind = KINDS[(document["apiVersion"], document["kind"])]
        check(document, kind, document["kind"])
        print(f"{file}: {kind}")
