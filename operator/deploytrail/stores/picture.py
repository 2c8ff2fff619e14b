"""All DeploymentEvents as one replica knows them: fed by the watch and by its own writes, never going back in time."""

from dataclasses import dataclass

import structlog

from deploytrail.errors import Rejected
from deploytrail.kube.client import Object
from deploytrail.kube.objects import from_object
from deploytrail.kube.watch import version
from deploytrail.record.model import Deployment
from deploytrail.record.query import Page, Query, matches, page, sort_key

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Seen:
    version: int
    uid: str
    deployment: Deployment


class Picture:
    """Records by id. An older version of an object never replaces a newer one."""

    def __init__(self, *, home: str) -> None:
        self._home = home
        self._by_id: dict[str, _Seen] = {}
        self._id_of: dict[str, str] = {}
        self._of_application: dict[str, set[str]] = {}

    def put(self, obj: Object) -> None:
        """Take in an object as it is now. One that is not recorded, or was refused, is left out."""
        try:
            deployment = _slim(from_object(obj, home=self._home))
        except Rejected:
            self.remove(obj)
            return
        if deployment.resource is not None and obj.get("status", {}).get("phase") in (None, "Rejected"):
            self.remove(obj)
            return
        known = self._by_id.get(deployment.id)
        if known is not None and known.version >= version(obj):
            return
        uid = obj["metadata"]["uid"]
        self._by_id[deployment.id] = _Seen(version(obj), uid, deployment)
        self._id_of[uid] = deployment.id
        if deployment.application is not None:
            self._of_application.setdefault(deployment.application.uid, set()).add(deployment.id)

    def remove(self, obj: Object) -> None:
        """Forget an object that was deleted."""
        self._forget(obj["metadata"]["uid"])

    def keep_only(self, uids: set[str], at: int) -> None:
        """Forget what a complete list, taken at version ``at``, no longer shows; what was written since then stays."""
        gone = [seen.uid for seen in self._by_id.values() if seen.version <= at and seen.uid not in uids]
        for uid in gone:
            self._forget(uid)

    def get(self, deployment_id: str) -> Deployment | None:
        """One record."""
        seen = self._by_id.get(deployment_id)
        return seen.deployment if seen else None

    def find(self, query: Query) -> Page:
        """Records that match, newest first."""
        found = [d for d in self._candidates(query) if matches(query, d)]
        return page(query, sorted(found, key=sort_key, reverse=True))

    def _candidates(self, query: Query) -> list[Deployment]:
        if query.application_uid is None:
            return [seen.deployment for seen in self._by_id.values()]
        return [self._by_id[name].deployment for name in self._of_application.get(query.application_uid, ())]

    def _forget(self, uid: str) -> None:
        name = self._id_of.pop(uid, None)
        if name is None or self._by_id[name].uid != uid:
            return
        application = self._by_id.pop(name).deployment.application
        if application is not None:
            self._of_application[application.uid].discard(name)


def _slim(deployment: Deployment) -> Deployment:
    """Without the raw payloads, which are read from the API server when somebody asks for one."""
    tellings = tuple(telling.model_copy(update={"body": None}) for telling in deployment.tellings)
    return deployment.model_copy(update={"tellings": tellings})
