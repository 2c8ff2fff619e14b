"""The whole configuration as one frozen tree. The only reader of the environment.

Flags win over DEPLOYTRAIL_... variables, those over the file given by --config, that over the defaults here.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from deploytrail.errors import Misconfigured
from deploytrail.record.series import REPLAY_WINDOW
from deploytrail.retention import RetentionSettings
from deploytrail.serve.dora_settings import DoraSettings
from deploytrail.serve.limits import LimitSettings
from deploytrail.serve.metrics_settings import MetricsSettings
from deploytrail.serve.pages.settings import PageSettings
from deploytrail.sources.argocd_settings import ArgocdSettings
from deploytrail.sources.quanta_settings import QuantaSettings
from deploytrail.stores.factory import KUBERNETES
from deploytrail.written import Duration, Listed, parse_list

SourceName = Literal["argocd", "resources", "http"]


def _check_address(value: str) -> str:
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}", value):
        raise ValueError("write an address and a port like 127.0.0.1:8080")
    return value


def _check_store(value: SecretStr) -> SecretStr:
    if not re.match(r"kubernetes$|sqlite:///|postgres(ql)?://", value.get_secret_value()):
        raise ValueError("write kubernetes, sqlite:///path or postgresql://user:password@host/database")
    return value


class Settings(BaseSettings):
    """What ``deploytrail run`` can be told."""

    model_config = SettingsConfigDict(
        env_prefix="DEPLOYTRAIL_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    store: Annotated[SecretStr, AfterValidator(_check_store)] = Field(
        SecretStr("kubernetes"),
        description="Where records are kept: kubernetes (as DeploymentEvents), sqlite:///path or "
        "postgresql://user:password@host/database; better by the variable than by the flag, which others see.",
    )
    listen: Annotated[str, AfterValidator(_check_address)] = Field(
        "127.0.0.1:8080",
        description="Address and port of the HTTP endpoint; port 0 takes a free one.",
    )
    sources: Annotated[tuple[SourceName, ...], NoDecode, BeforeValidator(parse_list)] = Field(
        ("argocd", "resources", "http"),
        min_length=1,
        description="Where reports come from, comma-separated: argocd, resources, http.",
    )
    namespace: str = Field(
        "deploytrail",
        min_length=1,
        description="Namespace in which Deploytrail keeps its records and keys.",
    )
    watch_namespaces: Listed = Field(
        (),
        description="Namespaces to watch besides its own, comma-separated, when nothing else may be; empty for the "
        "whole cluster.",
    )
    kubeconfig: Path | None = Field(
        None, description="Kubeconfig to use; without it the pod's ServiceAccount, else the user's own kubeconfig."
    )
    keys_file: Path | None = Field(
        None, description="File that holds the keys; without it they are Secrets in the namespace."
    )
    environments: Listed = Field(
        (),
        description="Environments that Vibe Monitor clients may name, comma-separated: production for every key, "
        "team-a/production for keys of the workspace team-a.",
    )
    replay_window: Duration = Field(
        REPLAY_WINDOW,
        description="How long the same words again are a repetition, from clients that send no id; later they are a "
        "deployment of their own.",
    )
    drain: Duration = Field(
        timedelta(0),
        description="How long to go on answering after being told to stop, not ready any more: what sends requests "
        "here needs that time to find out. The chart says 5s.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe line to log.")
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="json, console, or auto: console on a terminal, json elsewhere."
    )
    argocd: ArgocdSettings = ArgocdSettings()
    quanta: QuantaSettings = QuantaSettings()
    dora: DoraSettings = DoraSettings()
    metrics: MetricsSettings = MetricsSettings()
    limits: LimitSettings = LimitSettings()
    pages: PageSettings = PageSettings()
    retention: RetentionSettings = RetentionSettings()

    @property
    def watched(self) -> tuple[str, ...]:
        """The namespaces that may be watched, its own among them; empty for the whole cluster."""
        return tuple(dict.fromkeys((self.namespace, *self.watch_namespaces))) if self.watch_namespaces else ()

    @property
    def needs_cluster(self) -> bool:
        """Whether a cluster is watched, or keeps records or keys. HTTP, a SQL store and a file of keys need none."""
        return self.store.get_secret_value() == KUBERNETES or set(self.sources) != {"http"}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the file."""
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)


class _Told(EnvSettingsSource):
    """Variables that are not in our environment, read as if they were."""

    def __init__(self, settings_cls: type[BaseSettings], told: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {name.lower(): value for name, value in told.items()}


def load(flags: Mapping[str, Any], config: Path | None, told: Mapping[str, str] | None = None) -> Settings:
    """Settings from flags (nested names as dicts), environment and file. Misconfigured says which one is wrong.

    ``told`` are variables that somebody else's environment holds, such as a pod's; our own win over them.
    """
    if config is not None and not config.is_file():
        raise Misconfigured(f"the configuration file {config} does not exist")

    class Configured(Settings):
        model_config = SettingsConfigDict(yaml_file=config)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            *stronger, file = super().settings_customise_sources(settings_cls, *sources, **named)
            return *stronger, _Told(settings_cls, told or {}), file

    try:
        return Configured(**flags)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise Misconfigured("; ".join(problems)) from error
