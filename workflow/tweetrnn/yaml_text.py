"""Write YAML that is read back exactly."""

import yaml


class _Dumper(yaml.SafeDumper):
    """Writes every text so that YAML reads it back; Unicode's own line ends have to be escaped."""

    def represent_str(self, text):
        style = '"' if set(text) & set("\x85\u2028\u2029") else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_str)


def as_yaml(config):
    """Return a config as YAML that ``read`` reads back exactly."""
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=True)
