"""What the peer can be asked to do, each as a function without arguments that is timed from outside."""

from typing import Callable

import numpy as np
import torch
from captum.metrics import sensitivity_max
from explain import create_explain
from networks import create_network
from scipy.ndimage import distance_transform_edt
from torch import nn

Result = torch.Tensor | None


class Subject:
    """A network and what is asked about it, on one device."""

    def __init__(self, message: dict, arrays: dict[str, torch.Tensor], weights: dict[str, torch.Tensor], device: str):
        self.name, self.target, self.radius = message["network"], message["target"], message["radius"]
        self.weights, self.device = weights, device
        self.arrays = {name: values.to(device) for name, values in arrays.items()}
        self.images = self.arrays["images"]
        self.image = self.images[:1].clone()
        self.classes = message["classes"]
        self.load_network()

    def load_network(self) -> None:
        self.network = self.create().eval().requires_grad_(False)

    def create(self) -> nn.Module:
        return create_network(self.name, self.images.shape[1], self.classes, self.weights).to(self.device)

    def batch(self, count: int) -> torch.Tensor:
        """The images, again from the first where there are fewer."""
        return self.images[torch.arange(count, device=self.device) % len(self.images)]


def forward(subject: Subject, task: dict) -> Callable[[], Result]:
    images = subject.batch(task["batch"])

    def run():
        with torch.inference_mode():
            return subject.network(images)

    return run


def gradient(subject: Subject, task: dict) -> Callable[[], Result]:
    images = subject.batch(task["batch"]).requires_grad_()

    def run():
        logits = subject.network(images)
        return torch.autograd.grad(logits[:, subject.target].sum(), images)[0]

    return run


def training(subject: Subject, task: dict) -> Callable[[], Result]:
    network = subject.create().train()
    optimiser = torch.optim.Adam(network.parameters(), lr=task["rate"])
    loss_of = nn.BCEWithLogitsLoss()
    images, labels = subject.batch(task["batch"]), subject.arrays["training labels"][: task["batch"]]

    def run():
        optimiser.zero_grad()
        loss = loss_of(network(images), labels)
        loss.backward()
        optimiser.step()
        return loss.detach()[None]

    return run


def explain(subject: Subject, task: dict) -> Callable[[], Result]:
    method = create_explain(subject.network, task["method"], task["parameters"], subject.arrays, task["feed"])
    return lambda: method(subject.image, subject.target).detach()


def targets(subject: Subject, task: dict) -> Callable[[], Result]:
    """One image explained for several classes: Captum takes a copy of the image for each."""
    method = create_explain(subject.network, task["method"], task["parameters"], subject.arrays, False)
    images = subject.image.repeat(task["count"], 1, 1, 1)
    classes = torch.arange(task["count"], device=subject.device)
    return lambda: method(images, classes).detach()


def sensitivity(subject: Subject, task: dict) -> Callable[[], Result]:
    method = create_explain(subject.network, task["method"], task["parameters"], subject.arrays, False)
    options = {} if task["examples"] is None else {"max_examples_per_batch": task["examples"]}
    if task["feed"]:
        noise = subject.arrays["sensitivity noise"][: task["draws"]]
        options["perturb_func"] = lambda images: (images + noise,)
    return lambda: sensitivity_max(
        lambda inputs: (method(inputs[0], subject.target).detach(),), subject.image, perturb_radius=subject.radius,
        n_perturb_samples=task["draws"], **options,
    )


def impute_nearest(image: np.ndarray, removed: np.ndarray) -> np.ndarray:
    """The image [bands, height, width] with each removed pixel replaced by the nearest that is kept."""
    if removed.all():
        return np.broadcast_to(image.mean((1, 2), keepdims=True), image.shape)
    rows, columns = distance_transform_edt(removed, return_distances=False, return_indices=True)
    return image[:, rows, columns]


def morf(subject: Subject, task: dict) -> Callable[[], Result]:
    image = subject.image[0].cpu().numpy()
    ranking = subject.arrays["ranking"].cpu().numpy().astype(np.int64)

    def run():
        removed = np.zeros(ranking.size, bool)
        counts = [0]
        while counts[-1] < ranking.size:
            counts.append(counts[-1] + max(1, int(task["fraction"] * (ranking.size - counts[-1]))))
        scores = []
        for start in range(0, len(counts), task["batch"]):
            perturbed = []
            for i in range(start, min(len(counts), start + task["batch"])):
                removed[ranking[: counts[i]]] = True
                hidden = removed.reshape(image.shape[1:])
                perturbed.append(image if i == 0 else impute_nearest(image, hidden))
            with torch.inference_mode():
                logits = subject.network(torch.from_numpy(np.stack(perturbed)).to(subject.device))
                scores.append(torch.sigmoid(logits[:, subject.target]))
        return torch.cat(scores)

    return run


tasks = {
    "forward": forward, "gradient": gradient, "training": training, "explain": explain, "targets": targets,
    "sensitivity": sensitivity, "morf": morf,
}
