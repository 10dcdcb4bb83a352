"""A plant on paho-mqtt. Does what it is told on its standard input, and prints what it hears as lines of JSON.

    mqtt_plant.py PORT 5|3.1.1

    send TOPIC PAYLOAD     publishes with QoS 1; in MQTT 5 with a response topic and correlation data of its own
    keep TOPIC PAYLOAD     the same, retained
"""

import json
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ANSWERS = "stranger/answers"
PROTOCOLS = {"5": mqtt.MQTTv5, "3.1.1": mqtt.MQTTv311}


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def text_of(payload):
    """JSON as it is, anything else by its size."""
    try:
        return json.loads(payload)
    except ValueError:
        return {"bytes": len(payload)}


def on_message(_client, _userdata, message):
    properties = message.properties.json() if message.properties is not None else {}
    fields = {"topic": message.topic, "qos": message.qos, "retain": message.retain, "payload": text_of(message.payload)}
    say("message", **fields, properties=properties)


def on_connect(client, _userdata, _flags, reason, _properties=None):
    say("connected", reason=str(reason))
    client.subscribe([("twinspect/#", 1), ("spBv1.0/#", 1), (ANSWERS, 1)])


def main(port, protocol):
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2, client_id=f"stranger-{protocol}", protocol=PROTOCOLS[protocol]
    )
    client.on_message = on_message
    client.on_connect = on_connect
    client.on_subscribe = lambda *_: say("subscribed")
    client.connect("127.0.0.1", int(port))
    client.loop_start()
    for number, line in enumerate(sys.stdin):
        what, topic, payload = line.rstrip("\n").split(" ", 2)
        properties = None
        if protocol == "5":
            properties = Properties(PacketTypes.PUBLISH)
            properties.ResponseTopic = ANSWERS
            properties.CorrelationData = f"order {number}".encode()
        client.publish(topic, payload, qos=1, retain=what == "keep", properties=properties).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
