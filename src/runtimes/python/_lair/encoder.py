"""JSON as the managed runtime writes it."""

import json
import os
import sys


class Encoder(json.JSONEncoder):
    """Decimals become numbers with all their digits; bytes become text. The standard encoder cannot write a number it did
    not make, so a decimal travels as a marked string and is unmarked in the finished text."""

    def __init__(self):
        # Newer runtimes leave characters beyond ASCII as they are.
        execution_env = os.environ.get("AWS_EXECUTION_ENV", "")
        is_ascii = execution_env.startswith("AWS_Lambda_python3.") and int(execution_env.rpartition(".")[2]) < 12
        super().__init__(ensure_ascii=is_ascii, allow_nan=True)
        self.mark = "decimal-" + os.urandom(12).hex() + ":"
        self.has_marks = False

    def default(self, value):
        if isinstance(value, (bytes, bytearray)):
            return value.decode("utf-8")
        decimal = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            if value.is_nan():
                return float("nan")
            self.has_marks = True
            return self.mark + str(value)
        return super().default(value)

    def encode(self, value):
        self.has_marks = False
        if has_named_tuples():
            try:
                value = as_objects(value)
            except RecursionError:
                # Too deep, or a circle: the encoder says which.
                pass
        text = super().encode(value)
        if self.has_marks:
            import re

            text = re.sub('"' + self.mark + '([^"]*)"', r"\1", text)
        return text


# Named tuples become objects, which the standard encoder does not do: the answer is searched for them, but only in a function
# that has classes of them.
seen = {"module_count": 0, "has_named_tuples": False}


def has_named_tuples():
    """Looked up again whenever a module was imported."""
    if seen["module_count"] != len(sys.modules):
        seen["module_count"] = len(sys.modules)
        standard = getattr(sys, "stdlib_module_names", ())
        seen["has_named_tuples"] = any(
            hasattr(kind, "_asdict") and kind.__module__.partition(".")[0] not in standard
            for kind in tuple.__subclasses__()
        )
    return seen["has_named_tuples"]


def as_objects(value):
    if isinstance(value, tuple):
        if hasattr(value, "_asdict"):
            return as_objects(value._asdict())
        return [as_objects(item) for item in value]
    if isinstance(value, dict):
        return {key: as_objects(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_objects(item) for item in value]
    return value
