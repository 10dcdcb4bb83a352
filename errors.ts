/**
 * The one table of operating errors: code, what happened, what the operator should do.
 *
 * Every room throws from here and adds its rows here; a broken promise of our own code is not an operating error:
 * that is `invariant`, whose text starts with "internal:". A code, once released, is never reused for another meaning.
 * `{name}` in a text is filled from the values given to `fail`.
 */
export const errorTable = {
  // files and folders
  'file/missing': {
    text: 'No such file: {path}',
    action: 'Check the path; it is read as given, relative to the working folder.',
  },
  'file/folder': { text: '{path} is a folder, expected a file', action: 'Give the path of a file.' },
  'file/notFolder': { text: '{path} is a file, expected a folder', action: 'Give the path of a folder.' },
  'file/unreadable': {
    text: 'Cannot read {path}: {cause}',
    action:
      'Give the user that runs this read access to it and to the folders above it; mend a link that leads in a circle.',
  },
  'file/unwritable': {
    text: 'Cannot write {path}: {cause}',
    action: 'Give the service user write access, or free space.',
  },
  'file/exists': {
    text: '{path} exists already',
    action: 'Nothing is written over: choose another name, or move it away.',
  },
  'file/notEmpty': {
    text: '{path} is not empty: it holds {count} things, {first} among them',
    action: 'Nothing is written over and nothing mixed: choose another folder, or move away what is in this one.',
  },
  // the command line
  'usage/command': { text: 'No command {found}; {hint}', action: '"twinspect --help" lists the commands.' },
  'usage/action': {
    text: '{command} has no sub-command {found}; {hint}',
    action: 'Add --help to see its sub-commands.',
  },
  'usage/option': {
    text: '{command} has no option {found}; {hint}',
    action: 'Add --help to see the options.',
  },
  'usage/value': { text: 'Option --{option}: found {found}, expected {expected}', action: 'Correct the value.' },
  'usage/missing': { text: '{command} needs {what}', action: 'Add --help to see how it is called.' },
  'usage/extra': {
    text: '{command} does not take "{found}"',
    action: 'Add --help to see how it is called.',
  },
  'usage/stdin': {
    text: 'More than {limit} characters came over standard input',
    action: 'Give the secret and nothing else.',
  },
  // users
  'user/name': {
    text: 'User name is {actual}, expected 1 to 64 letters, digits, ".", "_", "@" and "-", and none of: {reserved}',
    action: 'Choose another name.',
  },
  'user/password': {
    text: 'The password has {actual} characters, expected {least} to {most}',
    action: 'Choose a longer one: short ones are guessed.',
  },
  'user/exists': {
    text: 'There is a user {name} already',
    action: '"twinspect user password" sets a new password, "twinspect user role" another role.',
  },
  'user/unknown': { text: 'There is no user {name}; there are: {known}', action: '"twinspect user list" shows them.' },
  'user/many': { text: 'There are {limit} users already', action: 'Remove those who no longer come.' },
  'user/file': {
    text: 'Users file {path}: {problem}',
    action:
      'At its next start the daemon takes it from its copy; or add the users again. Until then nobody is let in anew.',
  },
  // the machine
  'system/refused': {
    text: 'The system refused: {cause}',
    action: 'Check permissions, disk and network of the thing named.',
  },
  'system/notify': {
    text: 'Nothing can be told to systemd through {address}: {problem}',
    action: 'Start the service by systemd with Type=notify, or take NOTIFY_SOCKET out of the environment.',
  },
  'service/root': {
    text: 'Only root may install services',
    action: 'Call it with sudo, or add --dry-run to see what it would do.',
  },
  'service/line': {
    text: 'A line is named "{line}", expected 1 to 64 letters, digits, "_" and "-", a letter or digit first',
    action: 'Choose another name; the configuration of the line is called like it.',
  },
  'service/place': {
    text: 'This installation is in {path}, which the service cannot see: home and temporary folders are hidden from it',
    action: 'Move it to /opt/twinspect, and call "twinspect service install" from there.',
  },
  'service/none': {
    text: 'This machine is not run by systemd, so it has no services: {cause}',
    action: 'In a container start "twinspect run" itself, and ask it with "twinspect status".',
  },
  'service/step': {
    text: 'This step failed: {step}: {cause}',
    action: 'Mend what it says and call it again: what is done is done again without harm.',
  },
  'doctor/problems': { text: '{count} of {checks} checks failed', action: 'Do what is said under each of them.' },
  // configuration
  'config/extension': {
    text: 'Cannot tell the format of {file}: expected a name ending in .yaml, .yml or .json',
    action: 'Rename the file.',
  },
  'config/syntax': {
    text: 'Cannot read {file}: {problem}',
    action: 'Correct the file, at the line where one is named, or put it back from a copy.',
  },
  'config/invalid': {
    text: '{count} {noun} in {name}:{problems}',
    action: 'Correct them all; "twinspect config doc" explains every key.',
  },
  'config/secret': {
    text: 'Secret file {path} {problem}',
    action: 'Write the secret, and nothing else, on the one line of that file.',
  },
  'config/credential': {
    text: 'Credential {path} {problem}',
    action: 'Add LoadCredential=NAME:FILE to the unit and write credential:NAME, or give the path of a file.',
  },
  'config/watch': {
    text: 'The system does not report changes of {file}: {cause}',
    action:
      'Edits are found by comparing it every few seconds; raise fs.inotify.max_user_watches where that is too slow.',
  },
  'config/hung': {
    text: 'Reading {file} has not ended for {limitMs} ms',
    action: 'The line goes on; changes are seen when the read ends: look at the disk or network the file is on.',
  },
  // images and frames
  'image/unreadable': {
    text: 'Cannot decode {path}: {cause}',
    action: 'Record or export the image again, in a form that docs/data.md names.',
  },
  'image/eightBit': {
    text: '{path} has 8 bit, which is 256 distances at the most; expected depth of 16 bit or float',
    action: 'Export the depth as 16-bit grey PNG, or as TIFF of 16 bit or float (docs/data.md); 8 bit is for display.',
  },
  'image/turned': {
    text: '{path} is to be turned or mirrored before it is shown: its orientation tag is {orientation}, expected 1',
    action: 'Save the picture again with its pixels turned and the tag gone, colour and depth alike, and its mask.',
  },
  'image/colours': {
    text: '{path} has {found} colours, expected grey or RGB',
    action: 'Export the picture again as RGB.',
  },
  'image/size': {
    text: '{what} is {actual}, expected {expected}',
    action: 'Use images of the size the bundle was taught on, or teach a bundle for this size.',
  },
  // cameras and recordings
  'camera/disk': {
    text: '{path}: the disk has {freeMb} MB free, a recording leaves at least {leastMb} MB to the journal',
    action: 'Free space, record to another disk, or lower evidence.minFreeMb.',
  },
  'camera/driver': {
    text: 'Camera {id}: no driver called "{driver}"; there are {known}',
    action: 'Correct the driver name of this camera in the config.',
  },
  'camera/setting': {
    text: 'Camera {id}: {setting} is {value}, expected {expected}',
    action: 'Correct this setting of the camera in the config.',
  },
  'camera/library': {
    text: 'The camera library {library} cannot be used: {cause}',
    action: 'Install libaravis 0.8.25 or later, or give the path of one (see docs/cameras.md).',
  },
  'camera/room': {
    text: 'Camera {id}: no room for its pictures in {folder} ({bytes} bytes): {cause}',
    action: 'Give the machine or container a larger /dev/shm (docker: --shm-size), or let fewer parts be in flight.',
  },
  'camera/feature': {
    text: 'Camera {id}: feature {feature} cannot be {value}: {expected}',
    action: 'Correct this line of the features in the config; "twinspect camera features" lists what the camera has.',
  },
  'camera/format': {
    text: 'Camera {id}: {component} comes in pixel format {format}, expected {expected}',
    action: 'Set PixelFormat among the features of this camera to one that Twinspect reads.',
  },
  'camera/delivers': {
    text: 'Camera {id}: it delivers {found}, expected {expected}',
    action: 'Enable the component among the features, or give the other modality a camera of its own (depthCamera).',
  },
  'camera/nothing': {
    text: 'Camera {id} delivered no {what} within {seconds} s: {cause}',
    action: 'Trigger it, or set its trigger to free or software; "twinspect camera doctor" checks the host.',
  },
  'camera/none': {
    text: 'No camera answers{problems}',
    action: 'Check power, cable and address; "twinspect camera doctor" checks this host.',
  },
  'camera/noFeature': {
    text: 'Camera {id} has no feature with "{filter}" in its name',
    action: 'Give less of the name, or none to see all.',
  },
  'camera/away': {
    text: 'Camera {id} cannot be asked now: {cause}',
    action: 'Wait until the camera runs; it is tried again by itself.',
  },
  'dataset/layout': {
    text: 'Cannot read {path} as recorded parts: {problem}',
    action: 'Lay the folder out as docs/data.md shows; "twinspect data import" brings other files into that layout.',
  },
  'dataset/field': {
    text: '{path}: {field} is {value}, expected {expected}',
    action: 'Correct this field; docs/data.md explains each. The unit of the depth is never guessed.',
  },
  'dataset/partner': {
    text: '{path} is missing; {partner} has no partner',
    action: 'Record the part again or remove its other files; docs/data.md shows which files a part has.',
  },
  'dataset/names': {
    text: '{path} {problem}',
    action:
      'Rename, convert or remove this file; docs/data.md says which files are read, "twinspect data import" converts.',
  },
  'dataset/truth': {
    text: 'Truth mask {path} {problem}',
    action: 'Draw the defect above 0 on black, or move a part without one to "good" (docs/data.md).',
  },
  'dataset/unit': {
    text: '{path}: the depth lies {found}, expected {expected}',
    action:
      'Correct depthMmPerUnit in dataset.json; or say there where the parts lie ' +
      '("depthRangeMm": [nearest, farthest]), ' +
      'or "acceptDepth": ["unit"] (docs/data.md).',
  },
  'dataset/loneValue': {
    text:
      '{path}: depth {unit} ({mm} mm) fills {percent} % of the pixels of {count} of {parts} parts, ' +
      'far from the others ({nearMm} to {farMm} mm): {ids}',
    action:
      'Say in dataset.json what it is: "noReading": with this value where it marks a missing reading, ' +
      '"acceptDepth": ["loneValue"] where it is a distance (docs/data.md).',
  },
  'dataset/impossible': {
    text:
      '{path}: {percent} % of the pixels of {count} of {parts} parts have a depth below 0 ' +
      'or beyond 100 m, which no camera sees: {ids}',
    action:
      'Say in dataset.json which values mark a missing reading ("noReading"), export distances with their sign ' +
      'turned (a view along -z), or say "acceptDepth": ["impossible"] (docs/data.md).',
  },
  'dataset/eightBit': {
    text: '{path}: the depth of {count} of {parts} parts takes only values that 8 bit can hold: {ids}',
    action:
      'Export the depth with its full 16 bit or as float; where the camera has no more, say ' +
      '"acceptDepth": ["eightBit"] in dataset.json (docs/data.md).',
  },
  'dataset/constant': {
    text: '{path}: the depth of {count} of {parts} parts shows nothing ({shows}): {ids}',
    action:
      'Look at the depth camera and its export; where no depth is meant to be there, say ' +
      '"acceptDepth": ["constant"] in dataset.json (docs/data.md).',
  },
  // recordings of cameras
  'recording/unreadable': {
    text: 'Cannot read {path} as a recording: {problem}',
    action: 'Give a file that "twinspect camera record" wrote.',
  },
  'recording/noParts': {
    text: '{path} holds no part that a line would judge: {faults}',
    action: 'Give the configuration it was recorded with (--config): its pairing settings decide; or record again.',
  },
  // calibration of two cameras
  'calibration/field': {
    text: 'Calibration {path}: {field} is {value}, expected {expected}',
    action: 'Correct the file, or calibrate again; "twinspect camera calibrate --help" says how to bring one in.',
  },
  // models
  'graph/shape': {
    text: 'Tensor {tensor}: {problem}',
    action: 'This is a fault in a network definition; report it with this text.',
  },
  'onnx/unreadable': {
    text: 'Cannot read ONNX file {path}: {problem}',
    action: 'Only networks written by twinspect are read; restore the file from backup.',
  },
  'runtime/provider': {
    text: 'Execution provider {provider} is not in this installation; it has {have}',
    action: 'Set inference.provider to one of these, or install the overlay that brings the provider.',
  },
  'runtime/model': {
    text: 'onnxruntime refuses the graph: {cause}',
    action: 'Verify the bundle (twinspect bundle verify); if it is intact, report this text.',
  },
  'weights/unusable': {
    text: 'Cannot use weights file {path}: {problem}',
    action: 'Give ResNet-18, -34, -50 or WideResNet-50-2 weights as .safetensors, with torchvision or timm names.',
  },
  'teach/tooFew': {
    text: 'Only {found} good parts, at least {least} are needed',
    action: 'Record more good parts; a few dozen teach a usable bundle, a hundred a good one.',
  },
  'teach/blank': {
    text: '{modality} shows nothing in {found} of {parts} good parts: {ids}',
    action: 'Record them again or take them out: taught blank, a dead camera would pass. --modality teaches one alone.',
  },
  'teach/other': {
    text: 'In {path} lies an interrupted teaching of other parts or with other options',
    action: 'Call teach with the options it was begun with, choose another --out, or delete that folder.',
  },
  'teach/calibrations': {
    text: 'The good parts were registered with different calibrations: {found}',
    action: 'Export the recordings again with one calibration, or teach with the parts of one calibration alone.',
  },
  'quantise/flips': {
    text: 'In {precision} golden part {part} scores {actual} of the threshold, in fp32 {expected}: another verdict',
    action: 'Give more good parts with --data, or keep this bundle in fp32: lower precision does not fit it.',
  },
  'bundle/exists': {
    text: '{path} exists already',
    action: 'A bundle is never changed in place: choose another --out, best the next version.',
  },
  'figures/command': {
    text: 'The command "{command}" ended with {code}',
    action: 'See what it said above; run it alone.',
  },
  'bundle/none': {
    text: 'No bundles in {folders}',
    action:
      'Name the folder that holds folders NAME@VERSION; "twinspect bundle list" alone shows those that came along.',
  },
  'bundle/missing': {
    text: 'No bundle at {path}',
    action: 'Name a bundle folder NAME@VERSION, in the key line.bundle or here; "twinspect bundle list" shows some.',
  },
  'bundle/manifest': {
    text: 'Bundle {path}: manifest.json: {problem}',
    action: 'Teach the bundle again or restore it from backup.',
  },
  'bundle/variant': {
    text: 'Bundle {path}: no variant for {wanted}; it has {have}',
    action: 'Ask for one that it has (inference.provider, inference.precision), or make it: twinspect bundle quantise.',
  },
  'bundle/digest': {
    text: 'Bundle {path}: {file} has digest {actual}, the manifest says {expected}',
    action: 'A bundle is never edited in place; restore it from backup or teach a new version.',
  },
  'bundle/drift': {
    text: 'Bundle {path}: golden part {part} gives {actual}, taught as {expected} (tolerance {tolerance})',
    action:
      'This device computes other scores than the one the bundle was taught on. Do not use the bundle here; ' +
      'teach it on this device.',
  },
  'threshold/noGood': {
    text: 'None of the {parts} judged parts of {path} is a good one',
    action: 'A threshold is set by good parts: record some (train, validation or test, in a folder good).',
  },
  'bundle/form': {
    text: 'Bundle {bundle} cannot be retrained: {tensor} is {actual}, expected {expected}',
    action: 'It was made by another version of Twinspect: teach it anew with all parts.',
  },
  'bundle/product': {
    text: 'Bundle {path} is for product {actual}, the line makes {expected}',
    action: 'Choose a bundle of this product, or change line.product first.',
  },
  // inference
  'inference/died': {
    text: 'The inference host died: {cause}',
    action: 'It is started again by itself; if this repeats, verify the bundle and look at the memory of the device.',
  },
  'inference/check': {
    text: 'The inference was checked with a golden part and failed: {cause}',
    action: 'Look at the log for the inference host; while checks fail the heartbeat is stopped.',
  },
  'inference/unkillable': {
    text: 'The inference process {pid} did not end within {limitMs} ms of being killed: a driver holds it',
    action: 'Restart the device; no other process is started beside it. If it comes again, look at the GPU driver.',
  },
  'inference/hung': {
    text: 'No reading within {limitMs} ms; the inference host was killed',
    action:
      'It is started again by itself; if this repeats, the device is overloaded, or inference.timeoutMs or ' +
      'inference.graceMs is too short.',
  },
  'inference/down': {
    text: 'No inference host is running: {cause}',
    action: 'It is started again by itself; the reason it ended is in the log before.',
  },
  'inference/slow': {
    text: 'Bundle {path} was not ready to serve within {limitMs} ms',
    action:
      'It is tried again by itself, after the second time with a wider limit; load the device less, look at its ' +
      'disk, or raise inference.loadTimeoutMs.',
  },
  'inference/room': {
    text: 'Cannot make shared memory in {folder}: {cause}',
    action: 'Free memory there; a pair of images and its map must fit.',
  },
  'bundle/last': {
    text: 'Cannot keep the last good choice in {path}: {cause}',
    action: 'The bundle serves, but a restart will not remember it: give write access to the state folder.',
  },
  // evaluation
  'evaluate/sample': {
    text: 'Test part {id}: {what} is {actual}, expected {expected}',
    action: 'Correct or leave out this part of the data set; the figures would be wrong with it.',
  },
  'evaluate/empty': {
    text: 'Nothing to evaluate: the data set has no test part',
    action: 'Point to a data set that has a test folder.',
  },
  'evaluate/threshold': {
    text: 'The threshold of {source} is {actual}, expected a finite number',
    action: 'Verify the bundle (twinspect bundle verify).',
  },
  'evaluate/tooLarge': {
    text: 'The test set has more than {limit} pixels',
    action: 'Evaluate it in portions; the exact curves hold every pixel in memory.',
  },
  'evaluate/groups': {
    text: 'An interval over {found} groups, expected at least {expected}',
    action: 'Add test parts of more source images or time blocks.',
  },
  'evaluate/picture': {
    text: 'Picture {name} of {id} is {actual}, expected {expected}',
    action: 'Give a PNG; the report shows no other format.',
  },
  // publishing
  'port/taken': {
    text: '{what} cannot listen on {host}:{port}: the port is taken by another program (setting {setting})',
    action: 'Find the program with `ss -ltnp` and stop it, or change the setting; a second Twinspect is the usual one.',
  },
  'port/listen': {
    text: '{what} cannot listen on {host}:{port}: {cause} (setting {setting})',
    action: 'Give an address of this machine and a port above 1023.',
  },
  'publish/name': {
    text: '{what} is {actual}, expected {expected}',
    action: 'Topics and node ids are made of it: use letters, digits, dot, dash and underscore.',
  },
  'mqtt/url': {
    text: 'MQTT broker address is {actual}, expected mqtt://HOST:PORT or mqtts://HOST:PORT',
    action: 'Correct the address; user and password have settings of their own.',
  },
  'mqtt/link': {
    text: 'MQTT broker {url}: {cause}',
    action: 'The daemon goes on trying and keeps the records; check broker, network, user and password.',
  },
  'mqtt/refused': {
    text: 'The MQTT broker refuses a message on {topic}: {cause}',
    action: 'Let its access list allow this topic and its limits this size; records wait in the journal until then.',
  },
  'mqtt/tls': {
    text: 'MQTT over TLS: the {what} {path} {problem}',
    action: 'Put the right file there; it is read again at every connection.',
  },
  'mqtt/command': {
    text: 'MQTT command {verb} is refused: {problem}',
    action: 'Send it as docs/mqtt.md and command.json say, with a new request id.',
  },
  'mqtt/commandsOff': {
    text: 'MQTT command {verb} is refused: mqtt.commandRole is none',
    action: 'Set mqtt.commandRole to operate or configure, and let the broker say who may publish below cmd/.',
  },
  'mqtt/flood': {
    text: 'MQTT command {verb} is refused: too many commands at once',
    action: 'Wait for the answer to one command before sending the next; find out who sends so many.',
  },
  'mqtt/notServed': {
    text: 'Line {line} takes no commands now',
    action: 'It is starting or stopping; send the command again, with a new request id, when its status says ready.',
  },
  'opcua/noUser': {
    text: 'The OPC UA server is to listen on {host}, where others reach it, and there is no user who may come in',
    action: 'Make one: twinspect user add NAME --role observe --password-file FILE; or set opcua.host to 127.0.0.1.',
  },
  'opcua/clock': {
    text: 'The clock says {now}, before this program was made ({built}): it was never set',
    action: 'Set the clock (chrony, or a battery for it); until then clients with certificates are refused.',
  },
  'opcua/expired': {
    text: 'The certificate of the OPC UA server ended on {end}',
    action: 'Make a new one: twinspect opcua renew; then let each client trust it (twinspect opcua export).',
  },
  'opcua/expires': {
    text: 'The certificate of the OPC UA server ends on {end}, in {days} days',
    action: 'Make a new one in time: twinspect opcua renew; then let each client trust it (twinspect opcua export).',
  },
  'opcua/certificate': {
    text: 'Cannot use the certificate {path}: it {problem}',
    action: 'Give a certificate as PEM or DER; the own one is made again by twinspect opcua renew.',
  },
  'opcua/thumbprint': {
    text: 'No certificate {found}: {problem}',
    action: '"twinspect opcua list" shows the thumbprints; their first characters are enough.',
  },
  'opcua/start': {
    text: 'The OPC UA server does not start: {cause}',
    action: 'Check that the opcua folder in the state folder is writable; it holds the key and who is trusted.',
  },
  'journal/unwritable': {
    text: 'Cannot write the journal {path}: {cause}',
    action: 'No part passes until it can: free space, or give the service user write access to the state folder.',
  },
  'journal/full': {
    text: 'The journal {path} is full: {records} records ({bytes} bytes) wait for the broker, the limit is {limit}',
    action: 'No part passes until there is room: bring the MQTT broker back, or raise the limit.',
  },
  'journal/locked': {
    text: 'The journal {path} is in use by another process',
    action: 'Only one daemon may run on a state folder: stop the other one, or give this one a folder of its own.',
  },
  'journal/unreadable': {
    text: 'The journal {path} is damaged: {cause}',
    action: 'It is set aside and a new one begun by itself; keep the file for support, it holds what was not sent yet.',
  },
  'journal/version': {
    text: 'The journal {path} has version {found}, this daemon writes {version}',
    action: 'Run the newer release again, or move the file away and keep it; the daemon then starts a new one.',
  },
  'journal/slow': {
    text: 'The journal did not commit within {limitMs} ms',
    action: 'The disk stalls: check its health, and that nothing else floods it.',
  },
  'bench/part': {
    text: 'Part {part} of the bench was not judged: {reason} {detail}',
    action: 'The figures would be wrong with it: load the machine less and run the bench again.',
  },
  // start and stop
  'start/noState': {
    text: 'There is no state folder {path}: no daemon ran with this configuration yet, so there is nothing to list',
    action: 'Give the configuration of the line with --config, or call it in the working folder of the daemon.',
  },
  'start/state': {
    text: 'Cannot write the state folder {path}: {cause}',
    action: 'Give the service user write access, or set stateDir to a folder of its own.',
  },
  'state/stuck': {
    text: 'Cannot move the damaged file {path} out of the way: {cause}',
    action: 'Give the service user write access to the folder it lies in, or move it away by hand.',
  },
  'state/unknown': {
    text: 'There is no fault {id}; there are: {known}',
    action: '"twinspect fault list" shows them.',
  },
  'start/step': {
    text: 'Start step "{step}" failed: {cause}',
    action: 'Correct what it names; everything started before it was stopped again.',
  },
  'start/slow': {
    text: 'Start step "{step}" did not end within {limitMs} ms',
    action:
      'Look at the part it names: device, disk or network do not answer. The limits are keys of the section start.',
  },
  // the status of a running daemon
  'status/none': {
    text: 'No daemon runs for line {line}: there is no {paths}',
    action:
      'Start it with "twinspect run"; where it runs, give the same --config and working folder, or --socket with the ' +
      'path that it logged at its start.',
  },
  'status/stale': {
    text: 'No daemon answers at {path}: the one that made it was killed',
    action: 'Start the daemon again; it replaces what was left behind.',
  },
  'status/hung': {
    text: 'The daemon at {path} takes the call and says nothing within {limitMs} ms',
    action: 'It hangs, is stopped (SIGSTOP), or the machine is starved: look at its log and its load, then restart it.',
  },
  'status/denied': {
    text: 'This user may not ask the daemon at {path}',
    action: 'Ask as the user or in the group of the daemon: sudo, or "usermod -aG GROUP USER" and a new login.',
  },
  'status/foreign': {
    text: 'The status socket {path} {problem}',
    action: 'Something else is there: find out what made it and move it away, or use the commands of one version only.',
  },
  'status/path': {
    text: 'The path of the status socket has {bytes} bytes, at most {most} are possible: {path}',
    action: 'Give the service a RuntimeDirectory, or a shorter stateDir.',
  },
  'status/unusable': {
    text: 'The status socket {path} cannot be made: {cause}',
    action: 'Give the service user a runtime folder (RuntimeDirectory=twinspect) or write access to the state folder.',
  },
  'status/running': {
    text: 'A daemon runs already for line {line} on this state folder (process {pid}); it answers at {path}',
    action: 'Stop it first, or give this one another line.id and stateDir.',
  },
  // the line
  'line/settings': {
    text: 'Line {line}: {field} is {value}, expected {expected}',
    action: 'Correct the line in the config; parts could not be told apart under this setting.',
  },
  'line/command': {
    text: 'Line {line}: a trigger command came, but parts are opened by the counter of camera {camera}',
    action: 'Send triggers to the camera, or set the line to be triggered by command.',
  },
  'line/stopped': {
    text: 'Line {line}: a trigger command came after the line was stopped; it opened no part',
    action: 'Reject the part; send triggers again when the line says ready.',
  },
  'line/waiting': {
    text: 'Line {line}: {waiting} changes wait for the gap between two parts, expected at most {limit}',
    action: 'A bundle swap was asked for again and again while an inference hangs; wait until the line is ready.',
  },
  // commands of the plant
  'command/role': {
    text: '{name} may not give the command {order}: holds the role {held}, needs {needed}',
    action: 'Log in as a user with that role, or give the user the role.',
  },
  'command/recipe': {
    text: 'Line {line}: there is no recipe {number}; there are {known}',
    action: 'Choose one of these, or add the row to the table recipes in the config.',
  },
  'command/threshold': {
    text: 'Line {line}, recipe {recipe}: threshold {threshold} is outside {min} to {max}',
    action: 'Stay inside, or let whoever answers for the process set the recipe or line.thresholdRangePercent.',
  },
  'command/bundle': {
    text: 'Line {line}: the bundle of recipe {recipe} is not in service, so its threshold cannot be set',
    action: 'Bring the recipe into service first; the log and "twinspect bundle verify" say why it is not.',
  },
  'command/execution': {
    text: 'Line {line} cannot execute single jobs: the trigger counter of camera {camera} opens its parts',
    action: 'Choose continuous execution, or set the line to be triggered by command.',
  },
  'command/starting': {
    text: 'Line {line} is not started yet',
    action: 'Send the command again when the line says ready.',
  },
  'command/waiting': {
    text: 'Line {line}: {limit} changes of recipe or threshold wait already',
    action: 'Wait for their answers; loading a bundle takes some seconds.',
  },
  'command/audit': {
    text: 'Line {line}: nothing is changed while the audit record cannot be written: {problem}',
    action: 'Free space or give the service user write access to the folder named.',
  },
  'command/keep': {
    text: 'Cannot keep the commands in force in {path}: {cause}',
    action: 'Free space or give the service user write access; without it a restart would forget what was commanded.',
  },
  'command/kept': {
    text: 'Cannot read the commands in force from {path}: {problem}',
    action: 'The line is halted, as it may have been before. Look at the file, then send a reset; it is written anew.',
  },
  // the PLC's own server
  'plc/connect': {
    text: 'No session with the server of the PLC at {url}: {cause}',
    action:
      'Check address, security mode and policy, user and password; trust its certificate with "twinspect opcua list" ' +
      'and "trust", and ours in the PLC. It is tried again by itself.',
  },
  'plc/node': {
    text: 'The server of the PLC: node {node}: {problem}',
    action: 'Compare plc.nodeId with the node ids there; the tags must be readable, and writable where we write.',
  },
  'plc/type': {
    text: 'The server of the PLC: node {node} is of type {actual}, expected {expected}',
    action: 'Declare the variable in the PLC as this type.',
  },
  'plc/input': {
    text: 'Nothing is triggered: the PLC wrote a value of {tag} that was refused, so what it wants is not known',
    action: 'Write that tag with a value of its own type and range; LastOrder and the log say what was wrong.',
  },
  // the digital output
  'output/library': {
    text: 'Cannot load libgpiod.so.2: {problem}',
    action: 'Install libgpiod 1.x (Debian and Ubuntu: libgpiod2), or set output.driver to none.',
  },
  'output/device': {
    text: 'Digital output {device}: {problem}',
    action: 'Look with gpiodetect and gpioinfo; give the service user the group of the device.',
  },
  'output/process': {
    text: 'The process of the digital output ended: {cause}',
    action: 'It is started again by itself, with OK released; if this repeats, look at the log.',
  },
  // the audit record
  'audit/unwritable': {
    text: 'Cannot write the audit record in {folder}: {cause}',
    action: 'Free space or give the service user write access; until then no recipe, threshold or user is changed.',
  },
  'audit/locked': {
    text: '{path} was held by another process for {waited} ms',
    action: 'Look for a command of Twinspect that hangs, or a disk that does not answer.',
  },
  'audit/broken': {
    text: 'The audit record in {folder} is not whole:{problems}',
    action: 'Keep a copy of the folder as it is, and find out who could write there.',
  },
} as const satisfies Record<string, { text: string; action: string }>;

export type ErrorCode = keyof typeof errorTable;
export type ErrorValues = Record<string, string | number | boolean>;

/** An operating error: names the thing, the value and the expectation, and says what to do. */
export class TwinspectError extends Error {
  readonly code: ErrorCode;
  readonly action: string;
  readonly values: ErrorValues;

  constructor(code: ErrorCode, values: ErrorValues, cause?: unknown) {
    const row = errorTable[code];
    super(
      row.text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole)),
      cause === undefined ? undefined : { cause },
    );
    this.name = 'TwinspectError';
    this.code = code;
    this.action = row.action;
    this.values = values;
  }
}

/** Makes the error of one row of the table; the caller throws it. */
export function fail(code: ErrorCode, values: ErrorValues = {}, cause?: unknown): TwinspectError {
  return new TwinspectError(code, values, cause);
}

/** Throws when our own code broke a promise; never for bad input. */
export function invariant(condition: unknown, text: string): asserts condition {
  if (!condition) throw new Error(`internal: ${text}`);
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
