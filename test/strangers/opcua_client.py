"""What the programs on asyncua share: a client with a certificate of its own, and the block of tags.

    opcua_client.py certificate FOLDER    makes its key and certificate
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

from asyncua import Client, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.x509.oid import ExtendedKeyUsageOID

LINE = "line1"
CLIENT_URI = "urn:stranger:asyncua"
PATIENCE_S = 30

logging.disable(logging.WARNING)


def main(*actions):
    """Runs the action named first and prints what happened as one JSON object."""
    name, *arguments = sys.argv[1:]
    action = next(each for each in actions if each.__name__ == name)
    print(json.dumps(asyncio.run(action(*arguments))))


async def certificate(folder):
    await setup_self_signed_certificate(
        Path(folder, "client.key.pem"),
        Path(folder, "client.der"),
        CLIENT_URI,
        "localhost",
        [ExtendedKeyUsageOID.CLIENT_AUTH],
        {"commonName": "asyncua", "organizationName": "Stranger"},
    )
    return {"made": Path(folder, "client.der").exists()}


async def connected(url, folder, user, password):
    client = Client(url, timeout=20)
    client.application_uri = CLIENT_URI
    client.set_user(user)
    client.set_password(password)
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        certificate=str(Path(folder, "client.der")),
        private_key=str(Path(folder, "client.key.pem")),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    return client


class Tags:
    """The block of tags, found by the URI of its namespace as the docs say."""

    def __init__(self, client, index):
        self.client = client
        self.index = index

    @classmethod
    async def of(cls, client):
        # The station's own namespace is named after the server: the ApplicationUri of its endpoint.
        endpoints = await client.get_endpoints()
        uri = endpoints[0].Server.ApplicationUri
        return cls(client, await client.get_namespace_index(uri))

    def node(self, name):
        return self.client.get_node(ua.NodeId(f"{LINE}.{name}", self.index))

    async def names(self):
        there = await self.client.get_node(ua.NodeId(LINE, self.index)).get_children_descriptions()
        return sorted(each.BrowseName.Name for each in there)

    async def read(self, *names):
        values = await self.client.read_values([self.node(name) for name in names])
        return dict(zip(names, values))

    async def write(self, name, value, kind):
        await self.node(name).write_value(ua.DataValue(ua.Variant(value, kind)))

    async def until(self, what, holds, *names):
        for _ in range(PATIENCE_S * 100):
            read = await self.read(*names)
            if holds(read):
                return read
            await asyncio.sleep(0.01)
        raise TimeoutError(f"{what}: {read}")


async def status_of(doing):
    try:
        await doing
        return "Good"
    except ua.UaStatusCodeError as error:
        return type(error).__name__


if __name__ == "__main__":
    main(certificate)
