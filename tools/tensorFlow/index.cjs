/** TensorFlow.js on the processor: core, layers and data, under the names that @tensorflow/tfjs gives them. */
require('@tensorflow/tfjs-backend-cpu');
const core = require('@tensorflow/tfjs-core');

// Called as Node.js looks for it, so that an ES module can import each name.
const __exportStar = (from) => Object.defineProperties(exports, Object.getOwnPropertyDescriptors(from));
__exportStar(require('@tensorflow/tfjs-core'));
__exportStar(require('@tensorflow/tfjs-layers'));
exports.data = require('@tensorflow/tfjs-data');

// Operators are methods of tensors too: x.add(y) is add(x, y).
const methods = core.Tensor.prototype;
const listOf = (first, rest) => [first, ...(Array.isArray(rest) ? rest : [rest])];
methods.concat = function (others, axis) {
  return core.concat(listOf(this, others), axis);
};
methods.stack = function (others, axis) {
  return core.stack(listOf(this, others), axis);
};
methods.flatten = function () {
  return core.reshape(this, [this.size]);
};
for (const [name, operator] of Object.entries(core)) {
  if (typeof operator !== 'function' || /^[A-Z_]/.test(name) || name in methods) continue;
  methods[name] = function (...rest) {
    return operator(this, ...rest);
  };
}
