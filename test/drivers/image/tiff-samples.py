"""Makes tiff-samples.json, with libtiff's own writer (tifffile 2024 or later and imagecodecs, from PyPI):
    python3 tiff-samples.py > tiff-samples.json
Each row: how it was written, the file in base64. Values are (x * 7 + y * 31 + c * 5) % 50 * 20 + 4000, 37 x 21."""
import base64, io, itertools, json, sys
import numpy as np, tifffile

def image(channels):
    y, x, c = np.mgrid[0:21, 0:37, 0:channels]
    values = (x * 7 + y * 31 + c * 5) % 50 * 20 + 4000
    return values[:, :, 0] if channels == 1 else values

rows = []
kinds = [('uint16', 1, 2), ('float32', 1, 3), ('float32', 3, 3), ('float64', 1, 3)]
for (dtype, channels, predictor), packing, tile, order in itertools.product(
        kinds, ['none', 'lzw', 'deflate', 'lzw+', 'deflate+'], [None, (16, 16)], '<>'):
    if order == '>' and (tile or packing not in ('none', 'deflate+')): continue
    out = io.BytesIO()
    options = dict(photometric='minisblack', byteorder=order, metadata=None, tile=tile)
    if tile is None: options['rowsperstrip'] = 8
    if packing != 'none':
        options['compression'] = {'lzw': 'lzw', 'deflate': 'zlib'}[packing.rstrip('+')]
        if packing.endswith('+'): options['predictor'] = predictor
    if channels == 3: options['planarconfig'] = 'contig'
    tifffile.imwrite(out, image(channels).astype(order + np.dtype(dtype).str[1:]), **options)
    rows.append(dict(name=' '.join(filter(None, [dtype, f'{channels} ch', packing, 'tiles' if tile else 'strips', order])),
                     channels=channels, sample=dtype, file=base64.b64encode(out.getvalue()).decode()))
json.dump(rows, sys.stdout, indent=0)
