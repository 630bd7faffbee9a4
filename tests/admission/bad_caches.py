# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""ModelCaches that must be refused."""

from admission.bases import CACHE
from admission.case import GONE, Case, bad, edited, ruled

_HF = "spec.huggingFace"
_REPO, _REVISION, _ENDPOINT = f"{_HF}.repo", f"{_HF}.revision", f"{_HF}.endpoint"
_REPOS = {
    "shell": "Qwen/Qwen3;rm -rf /",
    "substitution": "$(id)",
    "url": "https://huggingface.co/Qwen/Qwen3",
    "space": "Qwen/Qwen 3",
    "dash": "-Qwen/Qwen3",
    "dot": ".Qwen/Qwen3",
    "dots": "Qwen/Qwen..3",
    "up": "../Qwen3",
    "deep": "a/b/c",
    "slash": "Qwen/",
    "newline": "Qwen/Qwen3\n",
}
_REVISIONS = {"space": "main branch", "dash": "--help", "newline": "main\n"}
_ENDPOINTS = {
    "scheme": "ftp://hub.lan",
    "user": "https://me:secret@hub.lan",
    "query": "https://hub.lan/?token=x",
    "fragment": "https://hub.lan/#x",
    "port": "https://hub.lan:65536",
    "hostless": "https:///models",
    "bare": "hub.lan",
}

CASES = (
    *(
        ruled(f"repo-{id_}", CACHE, {_REPO: value}, _REPO, "must be a Hub repository", "it becomes an argument")
        for id_, value in _REPOS.items()
    ),
    *(
        ruled(f"revision-{id_}", CACHE, {_REVISION: value}, _REVISION, "without whitespace", "it becomes an argument")
        for id_, value in _REVISIONS.items()
    ),
    *(
        ruled(f"endpoint-{id_}", CACHE, {_ENDPOINT: value}, _ENDPOINT, "must be an http or https URL", "a base URL")
        for id_, value in _ENDPOINTS.items()
    ),
    ruled("revision-range", CACHE, {_REVISION: "v1..v2"}, _REVISION, 'must not contain ".."', "no range of commits"),
    bad("repo-empty", CACHE, {_REPO: ""}, _REPO, "at least 1 character", "a name is needed"),
    bad("repo-absent", CACHE, {_REPO: GONE}, _REPO, "is required; add it", "a name is needed"),
    bad("repo-null", CACHE, {_REPO: None}, _REPO, "is required; add it", "a null is as if absent"),
    bad("repo-number", CACHE, {_REPO: 7}, _REPO, "put it in quotes", "YAML reads it as a number"),
    bad("source-unknown", CACHE, {"spec.source": "S3"}, "spec.source", "write HuggingFace", "there is one source"),
    bad("source-absent", CACHE, {"spec.source": GONE}, "spec.source", "is required", "it names the block"),
    ruled("block-absent", CACHE, {_HF: GONE}, _HF, "is required when spec.source", "the source needs its block"),
    bad("size-absent", CACHE, {f"{_HF}.sizeGiB": GONE}, f"{_HF}.sizeGiB", "is required", "a volume has a size"),
    bad("size-zero", CACHE, {f"{_HF}.sizeGiB": 0}, f"{_HF}.sizeGiB", "set at least 1", "a volume has a size"),
    bad("size-huge", CACHE, {f"{_HF}.sizeGiB": 100001}, f"{_HF}.sizeGiB", "set at most 100000", "published bound"),
    bad("size-text", CACHE, {f"{_HF}.sizeGiB": "10"}, f"{_HF}.sizeGiB", "without quotes", "a number is wanted"),
    bad("size-part", CACHE, {f"{_HF}.sizeGiB": 1.5}, f"{_HF}.sizeGiB", "whole number", "claims are in whole GiB"),
    bad("secret-nameless", CACHE, {f"{_HF}.authSecret": {}}, f"{_HF}.authSecret.name", "is required", "which Secret"),
    bad(
        "secret-name", CACHE, {f"{_HF}.authSecret.name": "My_S"}, f"{_HF}.authSecret.name", "not valid", "no such name"
    ),
    bad(
        "secret-key",
        CACHE,
        {f"{_HF}.authSecret": {"name": "hf", "key": "a b"}},
        f"{_HF}.authSecret.key",
        "not valid",
        "a Secret cannot have such a key",
    ),
    ruled("include-rooted", CACHE, {f"{_HF}.include": ["/etc/*"]}, f"{_HF}.include[0]", "is relative", "no root there"),
    ruled("exclude-up", CACHE, {f"{_HF}.exclude": ["a/../b"]}, f"{_HF}.exclude[0]", '".." step', "no way up there"),
    bad("include-empty", CACHE, {f"{_HF}.include": [""]}, f"{_HF}.include[0]", "at least 1", "it matches nothing"),
    bad("include-many", CACHE, {f"{_HF}.include": ["*"] * 65}, f"{_HF}.include", "at most 64", "rules walk the list"),
    bad(
        "include-text", CACHE, {f"{_HF}.include": "*"}, f"{_HF}.include", "must be a list", "one pattern is a list too"
    ),
    bad("misspelt", CACHE, {f"{_HF}.size": 1}, f"{_HF}.size", "did you mean sizeGiB?", "kubectl is strict"),
    bad(
        "selector-flag",
        CACHE,
        {"spec.clusterSelector.matchLabels": {"gpu": True}},
        "spec.clusterSelector.matchLabels.gpu",
        "put it in quotes",
        "label values are strings",
    ),
    bad(
        "selector-value",
        CACHE,
        {"spec.clusterSelector.matchLabels": {"gpu": "a b"}},
        "spec.clusterSelector.matchLabels.gpu",
        "not valid",
        "no label has such a value",
    ),
    ruled(
        "selector-key",
        CACHE,
        {"spec.clusterSelector.matchLabels": {"a b": "x"}},
        "spec.clusterSelector.matchLabels",
        "must be a label key",
        "no label has such a key",
    ),
    bad("name-upper", CACHE, {"metadata.name": "Qwen"}, "metadata.name", "lower-case", "Kubernetes' own rule"),
    bad("name-long", CACHE, {"metadata.name": "a" * 64}, "metadata.name", "at most 63", "Crossplane's own limit"),
    Case(
        "shrunk",
        CACHE,
        "volumes cannot shrink",
        field=f"{_HF}.sizeGiB",
        says="cannot shrink",
        old=edited(CACHE, {f"{_HF}.sizeGiB": 20}),
        rule=True,
    ),
)
