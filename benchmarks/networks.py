"""The networks that are raced, in Keras and in PyTorch."""

from typing import Any


def conv_se_lstm(steps: int = 21, channels: int = 20) -> Any:
    import keras
    from keras import layers

    x = inputs = keras.Input((steps, channels), name="past")
    x = layers.Conv1D(10, 3, padding="causal", use_bias=False, kernel_initializer="lecun_normal")(x)
    x = layers.BatchNormalization(scale=False)(x)
    x = layers.Activation("selu")(x)
    x = layers.AlphaDropout(0.1)(x)
    s = layers.Reshape((1, 10))(layers.GlobalAveragePooling1D()(x))
    s = layers.Dense(2, activation="relu", use_bias=False, kernel_initializer="he_normal")(s)
    s = layers.Dense(10, activation="sigmoid", use_bias=False, kernel_initializer="he_normal")(s)
    x = layers.LSTM(16, recurrent_dropout=0.2)(layers.Multiply()([x, s]))
    return keras.Model(inputs, layers.Dense(1)(x))


def conv_lstm(steps: int = 21, channels: int = 20) -> Any:
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((steps, channels), name="past"),
            layers.Conv1D(10, 3, padding="causal", activation="relu"),
            layers.LSTM(15),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )


def one_lstm(steps: int = 168, channels: int = 1) -> Any:
    import keras

    inputs = keras.Input((steps, channels), name="past")
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(64)(inputs)))


def one_lstm_in_loops(steps: int = 168, channels: int = 1) -> Any:
    """The same without cuDNN, where Keras would take it."""
    model = one_lstm(steps, channels)
    model.layers[1].use_cudnn = False
    return model


def torch_network(name: str, channels: int) -> Any:
    """The same in PyTorch, to its advantage without recurrent dropout, which `torch.nn.LSTM` lacks."""
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            conv = name != "one_lstm"
            bias = name == "conv_lstm"
            units = {"one_lstm": 64, "conv_lstm": 15, "conv_se_lstm": 16}[name]
            self.conv = nn.Conv1d(channels, 10, 3, bias=bias) if conv else None
            self.norm = nn.BatchNorm1d(10 if name == "conv_se_lstm" else units)
            self.squeeze, self.excite = nn.Linear(10, 2, bias=False), nn.Linear(2, 10, bias=False)
            self.drop = nn.AlphaDropout(0.1)
            self.lstm = nn.LSTM(10 if conv else channels, units, batch_first=True)
            self.head = nn.Linear(units, 1)

        def forward(self, x: Any) -> Any:
            if self.conv is not None:
                x = self.conv(nn.functional.pad(x.transpose(1, 2), (2, 0)))
                x = torch.relu(x) if name == "conv_lstm" else self._excited(x)
                x = x.transpose(1, 2)
            h = self.lstm(x)[0][:, -1]
            return self.head(self.norm(h) if name == "conv_lstm" else h)

        def _excited(self, x: Any) -> Any:
            x = self.drop(torch.selu(self.norm(x)))
            s = torch.sigmoid(self.excite(torch.relu(self.squeeze(x.mean(2)))))
            return x * s[..., None]

    return Network()
