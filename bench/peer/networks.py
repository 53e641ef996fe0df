"""DenseNet-121 and ResNet-50 with torchvision's structure and names; every ReLU is a module of its own, not in place,
as Captum's guided backpropagation and DeepLift need it."""

import torch
from torch import nn


class DenseLayer(nn.Module):
    def __init__(self, inputs: int, growth: int, bottleneck: int):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(inputs, bottleneck, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(bottleneck)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(bottleneck, growth, 3, padding=1, bias=False)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        narrow = self.conv1(self.relu1(self.norm1(torch.cat(features, 1))))
        return self.conv2(self.relu2(self.norm2(narrow)))


class DenseBlock(nn.ModuleDict):
    def __init__(self, layers: int, inputs: int, growth: int, bottleneck: int):
        super().__init__(
            {f"denselayer{i + 1}": DenseLayer(inputs + i * growth, growth, bottleneck) for i in range(layers)}
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class Transition(nn.Sequential):
    def __init__(self, inputs: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(inputs, inputs // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2, 2)


class DenseNet(nn.Module):
    blocks, growth, bottleneck, stem = (6, 12, 24, 16), 32, 128, 64

    def __init__(self, bands: int, classes: int):
        super().__init__()
        width = self.stem
        self.features = nn.Sequential()
        self.features.conv0 = nn.Conv2d(bands, width, 7, stride=2, padding=3, bias=False)
        self.features.norm0 = nn.BatchNorm2d(width)
        self.features.relu0 = nn.ReLU()
        self.features.pool0 = nn.MaxPool2d(3, 2, 1)
        for i, layers in enumerate(self.blocks, 1):
            block = DenseBlock(layers, width, self.growth, self.bottleneck)
            self.features.add_module(f"denseblock{i}", block)
            width += self.growth * layers
            if i < len(self.blocks):
                self.features.add_module(f"transition{i}", Transition(width))
                width //= 2
        self.cam_layer_name = f"norm{len(self.blocks) + 1}"
        self.features.add_module(self.cam_layer_name, nn.BatchNorm2d(width))
        self.relu5 = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.pool(self.relu5(self.features(x))), 1))

    @property
    def cam_layer(self) -> nn.Module:
        return self.features.get_submodule(self.cam_layer_name)


class SmallDenseNet(DenseNet):
    """For a trial of the benchmark itself."""

    blocks, growth, bottleneck, stem = (2, 2), 4, 8, 8


class Bottleneck(nn.Module):
    def __init__(self, inputs: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = None
        if stride != 1 or inputs != 4 * width:
            shortcut = nn.Conv2d(inputs, 4 * width, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(4 * width))
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu1(self.bn1(self.conv1(x)))
        out = self.bn3(self.conv3(self.relu2(self.bn2(self.conv2(out)))))
        return self.relu(out + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    def __init__(self, bands: int, classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(bands, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for i, blocks in enumerate((3, 4, 6, 3)):
            width = 64 * 2**i
            stage = nn.Sequential()
            for block in range(blocks):
                stage.append(Bottleneck(inputs, width, 2 if i > 0 and block == 0 else 1))
                inputs = 4 * width
            self.add_module(f"layer{i + 1}", stage)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))

    @property
    def cam_layer(self) -> nn.Module:
        return self.layer4


networks = {"densenet121": DenseNet, "resnet50": ResNet50, "small": SmallDenseNet}


def create_network(name: str, bands: int, classes: int, weights: dict[str, torch.Tensor]) -> nn.Module:
    """The network with the given weights, all of which it needs; only the counters of batches may be missing."""
    network = networks[name](bands, classes)
    missing, unexpected = network.load_state_dict(weights, strict=False)
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"weights do not fit {name}: missing {missing[:3]}, unexpected {unexpected[:3]}")
    return network
