"""Windows of a signal of several subjects: nobody is tested who was trained on."""

import numpy as np
import pandas as pd

import normcast

draws = np.random.default_rng(0)


def recording(subject: int) -> pd.DataFrame:
    """Return a made-up signal of one subject: 4 channels at 128 Hz, eyes open and shut by turns."""
    time = np.arange(20 * 128) / 128
    shut = (time // 5) % 2 == 1
    alpha = np.sin(2 * np.pi * (9 + subject / 4) * time) * (0.4 + shut)  # stronger with the eyes shut
    channels = draws.normal(size=(len(time), 4)) + alpha[:, None] * [1, 0.5, 0.2, 0]
    table = pd.DataFrame(channels, columns=["O1", "O2", "P7", "F3"])
    return table.assign(subject=f"s{subject}", second=time, eyes=np.where(shut, "shut", "open"))


if __name__ == "__main__":
    table = pd.concat([recording(subject) for subject in range(8)])
    cases = normcast.cut_windows(table, size=64, target="eyes", id_col="subject", time_col="second")
    print(cases.x.shape, "cases of half a second,", len(set(cases.groups)), "subjects")
    classifier = normcast.Classifier("conv-lstm", seeds=2, epochs=15, units=16, filters=16)
    evaluation = classifier.evaluate(cases, folds=4)  # whole subjects are tested
    print(evaluation)
    normcast.write_report(evaluation, "eeg_subjects.html")
    study = normcast.Study("conv-lstm", cases, axes=["inside"], seeds=2, epochs=4)  # norm inside the LSTM?
    normcast.write_report(study.run(), "eeg_study.html")
