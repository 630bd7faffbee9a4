# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A function that does no work, served by the SDK: what is left is what gRPC, protobuf and the SDK cost."""

import argparse

import grpc
from crossplane.function import logging, response, runtime  # noqa: TID251  the reply of a function without a library
from crossplane.function.proto.v1 import run_function_pb2 as fnv1
from crossplane.function.proto.v1 import run_function_pb2_grpc as grpcv1
from typing_extensions import override

LIMIT = 1 << 28
OPTIONS = (("grpc.max_receive_message_length", LIMIT), ("grpc.max_send_message_length", LIMIT))


class Floor(grpcv1.FunctionRunnerServiceServicer):
    """Answers with what it was sent as desired."""

    @override
    async def RunFunction(
        self, request: fnv1.RunFunctionRequest, context: grpc.aio.ServicerContext
    ) -> fnv1.RunFunctionResponse:
        return response.to(request)


def main() -> None:
    """Serve on an address, insecurely."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--insecure", action="store_true", help="taken for the sake of one command line for all")
    given = parser.parse_args()
    logging.configure(level=logging.Level.INFO)
    runtime.serve(Floor(), given.address, creds=None, insecure=True, options=OPTIONS)  # ty: ignore[invalid-argument-type]  the SDK says that None will do


if __name__ == "__main__":
    main()
