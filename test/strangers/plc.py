"""A PLC and an engineering tool on asyncua, against a running station.

    plc.py handshake URL FOLDER USER PASSWORD    subscribes, and triggers parts by the tags
    plc.py refused URL FOLDER USER PASSWORD      what a user is told who may only look
    plc.py nodeset FILE                          imports an exported NodeSet into a server of its own
"""

import asyncio

from asyncua import Server, ua
from opcua_client import LINE, Tags, connected, main, status_of

PARTS = 12


class Heard:
    """A subscription: every change of the tags it watches, by name, in order."""

    def __init__(self):
        self.changes = []

    def datachange_notification(self, node, value, _data):
        name = node.nodeid.Identifier.split(".", 1)[1]
        self.changes.append((name, value))

    def of(self, name):
        return [value for changed, value in self.changes if changed == name]


async def handshake(url, folder, user, password):
    async with await connected(url, folder, user, password) as client:
        tags = await Tags.of(client)
        heard = Heard()
        subscription = await client.create_subscription(50, heard)
        watched = ["Sequence", "ResSeq", "Verdict", "Heartbeat", "Busy"]
        # As the docs say: each part is two changes of a tag, and none may be lost between two publishings.
        await subscription.subscribe_data_change(
            [tags.node(name) for name in watched], queuesize=100, sampling_interval=0
        )
        await tags.until("ready", lambda now: now["Ready"], "Ready")
        before = 1000
        await tags.write("TrigSeq", before, ua.VariantType.UInt32)
        await tags.until("armed", lambda now: now["Armed"] and now["TrigEcho"] == before, "Armed", "TrigEcho")
        at_rest = await tags.read("Verdict", "ResSeqStart", "ResSeq", "Sequence")
        parts = []
        for number in range(before + 1, before + 1 + PARTS):
            await tags.write("PartId", f"part {number}", ua.VariantType.String)
            await tags.write("TrigSeq", number, ua.VariantType.UInt32)
            parts.append(
                await tags.until(
                    f"part {number} is judged",
                    lambda now, wanted=number: now["ResSeq"] == wanted and now["ResSeqStart"] == wanted,
                    *["ResSeq", "ResSeqStart", "Verdict", "ReasonCode", "ResPartId", "Sequence", "Result"],
                )
            )
        ring = await slots(tags, [part["ResSeq"] for part in parts])
        await asyncio.sleep(0.5)
        await subscription.delete()
        return {
            "atRest": at_rest,
            "parts": parts,
            "ring": ring,
            "heard": {name: heard.of(name) for name in watched},
            "tags": await tags.names(),
            "namespaces": await client.get_namespace_array(),
        }


async def slots(tags, numbers):
    """The slot of each number in the ring of results, read after all were judged; none where there is no ring."""
    fields = ["ResSeqStart", "Verdict", "ReasonCode", "ResPartId", "Result", "ResSeq"]
    if "Ring00ResSeq" not in await tags.names():
        return []
    read = []
    for number in numbers:
        slot = f"Ring{number % 16:02}"
        values = await tags.read(*[f"{slot}{field}" for field in fields])
        read.append({name.removeprefix(slot): value for name, value in values.items()})
    return read


async def refused(url, folder, user, password):
    async with await connected(url, folder, user, password) as client:
        tags = await Tags.of(client)
        vision = client.get_node(ua.NodeId(f"{LINE}.Vision-VisionStateMachine", tags.index))
        halt = ua.NodeId(f"{LINE}.Vision-VisionStateMachine-Halt", tags.index)
        return {
            "write": await status_of(tags.write("TrigSeq", 1, ua.VariantType.UInt32)),
            "writeOfAnotherType": await status_of(tags.write("TrigSeq", "1", ua.VariantType.String)),
            "call": await status_of(vision.call_method(halt, ua.Variant(1, ua.VariantType.Int32), "why")),
            "callWithoutArguments": await status_of(vision.call_method(halt)),
            "callWithTooMany": await status_of(vision.call_method(halt, 1, 2, 3, 4, 5)),
        }


async def nodeset(file):
    server = Server()
    await server.init()
    nodes = await server.import_xml(file)
    values = {}
    for each in nodes:
        node = server.get_node(each)
        if await node.read_node_class() == ua.NodeClass.Variable:
            name = (await node.read_browse_name()).Name
            kind = await node.read_data_type_as_variant_type()
            access = await node.get_access_level()
            values[name] = [kind.name, ua.AccessLevel.CurrentWrite in access]
    return {"namespaces": await server.get_namespace_array(), "tags": values}


if __name__ == "__main__":
    main(handshake, refused, nodeset)
