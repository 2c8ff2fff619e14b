"""C179 for every API: what was kept of a report makes the same record today, without the request's headers."""

import asyncio
import io

import pytest

from deploytrail.app import dialects
from deploytrail.rederive import rederive
from deploytrail.settings import load
from tests.fakes import key
from tests.http.apis import APIS, Api, product
from tests.http.endpoint import Endpoint


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.name)
def test_c179_a_report_is_read_again_as_it_was_read(api: Api) -> None:
    with Endpoint(environments="production") as endpoint:
        assert api.send(endpoint, api.body(product())).status_code == api.accepted
        spoken, out, err = dialects(load({"environments": "production"}, None)), io.StringIO(), io.StringIO()
        code = asyncio.run(rederive(endpoint.store, dialects=spoken, keys=[key()], apply=False, out=out, err=err))

    assert (code, out.getvalue()) == (0, "")
    assert err.getvalue().startswith("1 records read: 0 would change, 0 left as they are, 0 not told")
