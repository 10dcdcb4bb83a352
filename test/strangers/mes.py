"""An MES on asyncua: walks a line's vision system (OPC 40100-1) against its types, and works with its methods.

    mes.py vision URL FOLDER USER PASSWORD
"""

import asyncio

from asyncua import ua
from opcua_client import LINE, PATIENCE_S, Tags, connected, main

VISION = "http://opcfoundation.org/UA/MachineVision"
R = ua.ObjectIds
MANDATORY = ua.NodeId(R.ModellingRule_Mandatory)
OF_TYPES = {"StateType", "InitialStateType", "TransitionType"}


class Walk:
    """What the types make mandatory, all the way down, against what is there."""

    def __init__(self, client):
        self.client = client
        self.found = {}
        self.missing = []
        self.declared = {}

    async def types_of(self, node):
        types = []
        kinds = await node.get_referenced_nodes(R.HasTypeDefinition)
        while kinds:
            types.append(kinds[0])
            kinds = await kinds[0].get_referenced_nodes(R.HasSubtype, ua.BrowseDirection.Inverse)
        return types

    async def children(self, node):
        found = await node.get_children_descriptions(R.Aggregates)
        return {f"{each.BrowseName.NamespaceIndex}:{each.BrowseName.Name}": each for each in found}

    async def declarations(self, source):
        """What a type, or a part of one, says of its instances; asked of the server once."""
        known = self.declared.get(source.nodeid)
        if known is None:
            known = [each async for each in self.declare(source)]
            self.declared[source.nodeid] = known
        return known

    async def declare(self, source):
        for name, description in (await self.children(source)).items():
            node = self.client.get_node(description.NodeId)
            rules = await node.get_referenced_nodes(R.HasModellingRule)
            if not rules or description.BrowseName.Name.startswith("<"):
                continue
            kinds = await node.get_referenced_nodes(R.HasTypeDefinition)
            if kinds and (await kinds[0].read_browse_name()).Name in OF_TYPES:
                continue
            yield name, node, rules[0].nodeid == MANDATORY

    async def of(self, node, path, declared=()):
        sources = [*declared, *await self.types_of(node)]
        there = await self.children(node)
        wanted = {}
        for source in sources:
            for name, declaration, is_mandatory in await self.declarations(source):
                entry = wanted.setdefault(name, {"nodes": [], "mandatory": False})
                entry["nodes"].append(declaration)
                entry["mandatory"] |= is_mandatory
        for name, entry in wanted.items():
            if name not in there:
                if entry["mandatory"]:
                    self.missing.append(f"{path}/{name}")
                continue
            child = self.client.get_node(there[name].NodeId)
            below = f"{path}/{name.split(':', 1)[1]}"
            self.found[below] = (child, there[name].NodeClass, node)
            await self.of(child, below, entry["nodes"])


# What is Bad by the standard's own word: nothing to say in this state.
SILENT = {"BadStateNotActive"}


async def unreadable(found):
    problems = []
    for path, (node, kind, _parent) in found.items():
        if kind != ua.NodeClass.Variable:
            continue
        value = await node.read_attribute(ua.AttributeIds.Value, raise_on_bad_status=False)
        if not value.StatusCode.is_good() and value.StatusCode.name not in SILENT:
            problems.append(f"{path}: {value.StatusCode.name}")
    return problems


EMPTIES = {
    R.Int32: (0, ua.VariantType.Int32),
    R.Enumeration: (0, ua.VariantType.Int32),
    R.UInt32: (0, ua.VariantType.UInt32),
    R.UInt64: (0, ua.VariantType.UInt64),
    R.Byte: (0, ua.VariantType.Byte),
    R.Boolean: (False, ua.VariantType.Boolean),
    R.Double: (0.0, ua.VariantType.Double),
    R.String: ("", ua.VariantType.String),
    R.ByteString: (b"", ua.VariantType.ByteString),
    R.LocalizedText: (ua.LocalizedText(""), ua.VariantType.LocalizedText),
    R.NodeId: (ua.NodeId(), ua.VariantType.NodeId),
    R.Structure: (None, ua.VariantType.ExtensionObject),
    R.BaseDataType: (None, ua.VariantType.Null),
}


async def empty(client, argument):
    """A value of the argument's type that says nothing: its own type may be a subtype of one that is known."""
    kind = argument.DataType
    while kind.NamespaceIndex != 0 or kind.Identifier not in EMPTIES:
        (above,) = await client.get_node(kind).get_referenced_nodes(R.HasSubtype, ua.BrowseDirection.Inverse)
        kind = above.nodeid
    value, variant = EMPTIES[kind.Identifier]
    if argument.ValueRank < 1:
        return ua.Variant(value, variant)
    return ua.Variant([], ua.VariantType.Variant if value is None else variant, is_array=True)


async def vision(url, folder, user, password):
    async with await connected(url, folder, user, password) as client:
        index = await client.get_namespace_index(VISION)
        # The line of docs/opcua.md: the specification has a TrimmedString of its own, which asyncua takes for its own.
        ua.basetype_by_datatype[ua.NodeId(3017, index)] = "String"
        types = await client.load_data_type_definitions()
        tags = await Tags.of(client)
        root = client.get_node(ua.NodeId(f"{LINE}.Vision", tags.index))
        walk = Walk(client)
        await walk.of(root, "Vision")
        problems = await unreadable(walk.found)
        methods = {path: found for path, found in walk.found.items() if found[1] == ua.NodeClass.Method}
        answers = {path: await called(client, method, parent) for path, (method, _kind, parent) in methods.items()}
        return {
            "found": len(walk.found),
            "missing": walk.missing,
            "unreadable": problems,
            "methods": answers,
            "job": await one_job(client, tags, index, types),
        }


async def called(client, method, parent):
    """The `Error` of its answer, or why it was refused as a whole."""
    given = []
    for name in await method.get_properties():
        if (await name.read_browse_name()).Name == "InputArguments":
            given = [await empty(client, argument) for argument in await name.read_value()]
    try:
        answer = await parent.call_method(method.nodeid, *given)
        return answer[-1] if isinstance(answer, list) else answer
    except ua.UaStatusCodeError as error:
        return type(error).__name__


async def one_job(client, tags, index, types):
    """As an MES works: mode, recipe, one job, the event that says its result is there, the result itself."""

    def node(path):
        return client.get_node(ua.NodeId(f"{LINE}.Vision{path}", tags.index))

    class Events:
        def __init__(self):
            self.results = asyncio.Queue()

        def event_notification(self, event):
            self.results.put_nowait(event)

    events = Events()
    subscription = await client.create_subscription(50, events)
    ready = ua.NodeId(await number_of(client, index, "ResultReadyEventType"), index)
    await subscription.subscribe_events(client.nodes.server, [ready])
    machine, automatic = node("-VisionStateMachine"), node("-VisionStateMachine-AutomaticModeStateMachine")

    async def call(parent, name, *inputs):
        method = ua.NodeId(f"{parent.nodeid.Identifier}-{name}", tags.index)
        return await parent.call_method(method, *inputs)

    why = [ua.Variant(1, ua.VariantType.Int32), ua.Variant("a stranger asks", ua.VariantType.String)]
    nothing = ua.Variant(None, ua.VariantType.ExtensionObject)
    steps = {}
    steps["Reset"] = await call(machine, "Reset", *why)
    steps["SelectModeAutomatic"] = await call(machine, "SelectModeAutomatic")
    recipe = ua.Variant(types["RecipeIdExternalDataType"](Id="first-run"), ua.VariantType.ExtensionObject)
    steps["PrepareRecipe"] = (await call(node("-RecipeManagement"), "PrepareRecipe", recipe, nothing))[-1]
    no_parameters = ua.Variant([], ua.VariantType.Variant, is_array=True)
    part = ua.Variant(types["PartIdDataType"](Id="stranger 1"), ua.VariantType.ExtensionObject)
    started = await call(automatic, "StartSingleJob", nothing, part, nothing, nothing, no_parameters)
    steps["StartSingleJob"] = started[-1]
    event = await asyncio.wait_for(events.results.get(), PATIENCE_S)
    await subscription.delete()
    result_id = ua.Variant(event.ResultId, ua.VariantType.ExtensionObject)
    timeout = ua.Variant(10_000, ua.VariantType.Int32)
    handle, result, error = await call(node("-ResultManagement"), "GetResultById", result_id, timeout)
    steps["GetResultById"] = error
    steps["ReleaseResultHandle"] = await call(
        node("-ResultManagement"), "ReleaseResultHandle", ua.Variant(handle, ua.VariantType.UInt32)
    )
    return {
        "steps": steps,
        "jobId": started[0].Id,
        "event": {"jobId": event.JobId.Id, "partId": event.PartId.Id, "isPartial": event.IsPartial},
        "result": {"partId": result.PartId.Id, "jobId": result.JobId.Id, "content": len(result.ResultContent or [])},
        "state": (await node("-VisionStateMachine-AutomaticModeStateMachine-CurrentState").read_value()).Text,
    }


async def number_of(client, index, name):
    """The number of an event type of the specification, found by its name below BaseEventType."""

    async def below(node):
        for each in await node.get_children_descriptions(R.HasSubtype):
            if each.BrowseName == ua.QualifiedName(name, index):
                return each.NodeId.Identifier
            found = await below(client.get_node(each.NodeId))
            if found is not None:
                return found
        return None

    return await below(client.nodes.base_event_type)


if __name__ == "__main__":
    main(vision)
