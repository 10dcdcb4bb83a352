/*
 * A host application on Eclipse Tahu: everything it is told by that library it prints as a line of JSON, and what it is
 * told on its standard input it does. Arguments: URL of the broker, id of the host, group, edge node.
 *
 *   rebirth                       asks the node for a birth
 *   command LINE NAME VALUE       a DCMD: VALUE is a number, true or a text
 *   offline / online              says STATE
 *   stop                          leaves
 */

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.eclipse.tahu.host.HostApplication;
import org.eclipse.tahu.host.api.MultiHostApplicationEventHandler;
import org.eclipse.tahu.message.SparkplugBPayloadDecoder;
import org.eclipse.tahu.message.model.DeviceDescriptor;
import org.eclipse.tahu.message.model.EdgeNodeDescriptor;
import org.eclipse.tahu.message.model.Message;
import org.eclipse.tahu.message.model.MessageType;
import org.eclipse.tahu.message.model.Metric;
import org.eclipse.tahu.message.model.MetricDataType;
import org.eclipse.tahu.message.model.SparkplugBPayload;
import org.eclipse.tahu.message.model.SparkplugDescriptor;
import org.eclipse.tahu.message.model.Topic;
import org.eclipse.tahu.model.MqttServerDefinition;
import org.eclipse.tahu.mqtt.MqttClientId;
import org.eclipse.tahu.mqtt.MqttServerName;
import org.eclipse.tahu.mqtt.MqttServerUrl;

public final class SparkplugHost implements MultiHostApplicationEventHandler {
  private static final String NAMESPACE = "spBv1.0";
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] argv) throws Exception {
    String url = argv[0];
    String hostId = argv[1];
    EdgeNodeDescriptor node = new EdgeNodeDescriptor(argv[2], argv[3]);
    MqttServerName server = new MqttServerName("plant");
    MqttServerDefinition broker = new MqttServerDefinition(
        server, new MqttClientId("host-" + hostId, false), new MqttServerUrl(url), null, null, 5, null);
    HostApplication host = new HostApplication(
        new SparkplugHost(), hostId, List.of(NAMESPACE + "/#"), List.of(broker), null, new SparkplugBPayloadDecoder(), true);
    host.start(true);
    BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      String[] words = line.split(" ", 4);
      switch (words[0]) {
        case "rebirth" -> host.publishCommand(
            new Topic(NAMESPACE, node, MessageType.NCMD), payload("Node Control/Rebirth", "true"));
        case "command" -> host.publishCommand(
            new Topic(NAMESPACE, new DeviceDescriptor(node, words[1]), MessageType.DCMD), payload(words[2], words[3]));
        case "offline" -> host.setOnlineState(false);
        case "online" -> host.setOnlineState(true);
        default -> {
          host.shutdown();
          System.exit(0);
        }
      }
    }
  }

  private static SparkplugBPayload payload(String name, String value) throws Exception {
    Metric metric;
    if (value.equals("true")) metric = new Metric.MetricBuilder(name, MetricDataType.Boolean, true).createMetric();
    else if (value.matches("\\d+")) {
      metric = new Metric.MetricBuilder(name, MetricDataType.Int32, Integer.valueOf(value)).createMetric();
    } else metric = new Metric.MetricBuilder(name, MetricDataType.String, value).createMetric();
    return new SparkplugBPayload(new Date(), List.of(metric), null, null, null);
  }

  private static synchronized void say(String event, Object... pairs) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("event", event);
    for (int at = 0; at < pairs.length; at += 2) line.put((String) pairs[at], pairs[at + 1]);
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static void sayMessage(String event, SparkplugDescriptor of, Message message) {
    SparkplugBPayload payload = message.getPayload();
    Object bdSeq = payload.getMetrics().stream()
        .filter((metric) -> metric.getName().equals("bdSeq")).map(Metric::getValue).findFirst().orElse(null);
    say(event, "of", of.getDescriptorString(), "seq", payload.getSeq(), "bdSeq", bdSeq);
  }

  private static void sayMetric(String event, SparkplugDescriptor of, Metric metric) {
    Object value = metric.getValue();
    if (value instanceof Date date) value = date.getTime();
    say(event, "of", of.getDescriptorString(), "name", metric.getName(), "value", value,
        "type", String.valueOf(metric.getDataType()));
  }

  @Override
  public void onConnect(MqttServerName server) {
    say("connected");
  }

  @Override
  public void onDisconnect(MqttServerName server) {
    say("disconnected");
  }

  @Override
  public void onMessage(MqttServerName server, SparkplugDescriptor of, Message message) {
    sayMessage("message " + message.getTopic().getType(), of, message);
  }

  @Override
  public void onNodeBirthArrived(MqttServerName server, EdgeNodeDescriptor of, Message message) {
    sayMessage("nodeBirth", of, message);
  }

  @Override
  public void onNodeBirthComplete(MqttServerName server, EdgeNodeDescriptor of) {
    say("nodeBirthComplete", "of", of.getDescriptorString());
  }

  @Override
  public void onNodeDataArrived(MqttServerName server, EdgeNodeDescriptor of, Message message) {
    sayMessage("nodeData", of, message);
  }

  @Override
  public void onNodeDataComplete(MqttServerName server, EdgeNodeDescriptor of) {}

  @Override
  public void onNodeDeath(MqttServerName server, EdgeNodeDescriptor of, Message message) {
    sayMessage("nodeDeath", of, message);
  }

  @Override
  public void onNodeDeathComplete(MqttServerName server, EdgeNodeDescriptor of) {
    say("nodeDeathComplete", "of", of.getDescriptorString());
  }

  @Override
  public void onDeviceBirthArrived(MqttServerName server, DeviceDescriptor of, Message message) {
    sayMessage("deviceBirth", of, message);
  }

  @Override
  public void onDeviceBirthComplete(MqttServerName server, DeviceDescriptor of) {
    say("deviceBirthComplete", "of", of.getDescriptorString());
  }

  @Override
  public void onDeviceDataArrived(MqttServerName server, DeviceDescriptor of, Message message) {
    sayMessage("deviceData", of, message);
  }

  @Override
  public void onDeviceDataComplete(MqttServerName server, DeviceDescriptor of) {}

  @Override
  public void onDeviceDeath(MqttServerName server, DeviceDescriptor of, Message message) {
    sayMessage("deviceDeath", of, message);
  }

  @Override
  public void onDeviceDeathComplete(MqttServerName server, DeviceDescriptor of) {}

  @Override
  public void onBirthMetric(MqttServerName server, SparkplugDescriptor of, Metric metric) {
    sayMetric("birthMetric", of, metric);
  }

  @Override
  public void onDataMetric(MqttServerName server, SparkplugDescriptor of, Metric metric) {
    sayMetric("dataMetric", of, metric);
  }

  @Override
  public void onStale(MqttServerName server, SparkplugDescriptor of, Metric metric) {
    say("stale", "of", of.getDescriptorString(), "name", metric.getName());
  }
}
