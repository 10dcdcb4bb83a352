"""Lenses as OpenCV computes them, for lens.test.ts:

python3 -m venv /tmp/opencv && /tmp/opencv/bin/pip install opencv-python-headless==5.0.0.93
/tmp/opencv/bin/python test/drivers/registration/opencv-lenses.py > test/drivers/registration/opencv-lenses.json
npm run format
"""

import json

import cv2
import numpy as np

# undistortPoints of a fish eye clips the radius at pi / 2 focal lengths: the pixels below stay inside.
LENSES = [
    dict(name="fish eye, mild", fishEye=True, size=[640, 480], k=[600.1, 600.2, 320.0, 240.0],
         d=[0.02, -0.01, 0.001, -0.0004], angles=[0, 5, 15, 25, 33]),
    dict(name="fish eye, 150 degrees", fishEye=True, size=[1280, 960], k=[571.3, 569.8, 652.1, 471.3],
         d=[-0.0391, 0.0074, -0.0061, 0.0011], angles=[0, 10, 30, 50, 70, 80]),
    dict(name="fish eye, rising terms", fishEye=True, size=[1280, 720], k=[440.5, 431.2, 633.7, 366.9],
         d=[0.09, 0.03, 0.004, 0.001], angles=[0, 20, 45, 60, 75]),
    dict(name="Brown-Conrady, 5 terms", fishEye=False, size=[1280, 960], k=[1190.0, 1188.0, 652.1, 471.3],
         d=[-0.11, 0.07, -0.0005, 0.0006, -0.01], angles=[0, 5, 15, 25, 33]),
    dict(name="Brown-Conrady, 8 terms", fishEye=False, size=[1280, 960], k=[1190.0, 1188.0, 652.1, 471.3],
         d=[0.3, -0.1, 0.001, -0.001, 0.02, 0.28, -0.09, 0.01], angles=[0, 5, 15, 25, 33]),
]
STOP = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 500, 1e-14)


def camera(lens):
    fx, fy, cx, cy = lens["k"]
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


def project(lens, directions):
    points = np.array([[[x, y, 1.0]] for x, y in directions])
    model = cv2.fisheye if lens["fishEye"] else cv2
    zero = np.zeros(3)
    return model.projectPoints(points, zero, zero, camera(lens), np.array(lens["d"]))[0].reshape(-1, 2)


def look(lens, pixels):
    points = np.array([[p] for p in pixels], dtype=float)
    model = cv2.fisheye if lens["fishEye"] else cv2
    return model.undistortPoints(points, camera(lens), np.array(lens["d"]), criteria=STOP).reshape(-1, 2)


result = []
for lens in LENSES:
    around = [0, 37, 90, 201, 315]
    directions = [
        [float(np.tan(np.radians(a)) * np.cos(np.radians(b))), float(np.tan(np.radians(a)) * np.sin(np.radians(b)))]
        for a in lens["angles"] for b in (around if a else [0])
    ]
    width, height = lens["size"]
    pixels = [[x * (width - 1), y * (height - 1)] for x in (0.08, 0.31, 0.5, 0.77, 0.92) for y in (0.08, 0.4, 0.92)]
    result.append(dict(
        name=lens["name"], fishEye=lens["fishEye"], size=lens["size"], k=lens["k"], d=lens["d"],
        directions=directions, pixelsOfDirections=project(lens, directions).tolist(),
        pixels=pixels, directionsOfPixels=look(lens, pixels).tolist(),
    ))
print(json.dumps(dict(madeWith=f"opencv-python-headless {cv2.__version__}", lenses=result)))
