/** The default network with its classes in reverse order, which must not change what a notebook shows. */
import { writeFile } from 'node:fs/promises';
import { createGraph } from '../../lib/src/graph/graph.js';
import { readOnnx } from '../../lib/src/graph/onnx/read.js';
import { writeOnnx } from '../../lib/src/graph/onnx/write.js';
import { sigmoid } from '../../lib/src/graph/operators/activation.js';
import { matMul } from '../../lib/src/graph/operators/matMul.js';
import { constant } from '../../lib/src/graph/value.js';
import { parseJson } from '../../lib/src/io/json.js';
import { descriptionKey } from '../../lib/src/model/classifierFile.js';
import { defaultModel } from '../../lib/src/model/defaultModel.js';
