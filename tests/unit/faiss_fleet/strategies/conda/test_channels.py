# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Channels are shown without their secrets."""

import pytest

from faiss_fleet.strategies.conda.channels import Channels, local_path, public


@pytest.mark.parametrize(
    "url, shown",
    [
        ("conda-forge", "conda-forge"),
        ("https://me:s3cret@h:8443/ch", "https://h:8443/ch"),
        ("https://h/t/tk-12/ch/linux-64", "https://h/ch/linux-64"),
        ("https://me@h/t/tk-12/ch?token=x#y", "https://h/ch"),
        ("file:///srv/my%20ch", "file:///srv/my%20ch"),
        ("https://h/not/t/here", "https://h/not/t/here"),
    ],
)
def test_public_url_has_no_secret(url, shown):
    assert public(url) == shown


def test_the_secret_comes_back_to_fetch_and_only_for_its_channel():
    channels = Channels(("https://me:pw@h/ch", "https://h/other", "/srv/ch"))
    assert channels.shown == ("https://h/ch", "https://h/other", "file:///srv/ch")
    assert channels.with_secret("https://h/ch/noarch/a-1-0.conda") == "https://me:pw@h/ch/noarch/a-1-0.conda"
    assert channels.with_secret("https://h/chx/noarch/a-1-0.conda") == "https://h/chx/noarch/a-1-0.conda"
    assert not channels.local
    assert local_path("file:///srv/my%20ch").name == "my ch"
