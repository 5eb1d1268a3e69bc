"""Runs in the PyTorch that NukeX 14 embeds: loads exported models, runs them, says how far they are from what
this project's PyTorch made of the same values. Arguments: files with {"model", "given", "made"}.

Standard library and torch 1.12 only; no part of film_recovery is imported here.
"""

import json
import sys

import torch


def main() -> None:
    torch.set_num_threads(1)
    rows = {}
    for file in sys.argv[1:]:
        case = torch.load(file, map_location="cpu")
        module = torch.jit.load(case["model"], map_location="cpu").eval()
        for mode in ("no_grad", "grad"):  # nobody outside knows which of the two Nuke uses
            with torch.set_grad_enabled(mode == "grad"):
                for index, given in enumerate(case["given"]):
                    made = case["made"][index]
                    if mode == "grad" and given.shape[2] != 17:
                        continue  # one odd size shows it; the old compiler begins anew with each
                    found = module(given)
                    same = found.shape == made.shape
                    size = "x".join(map(str, given.shape[2:]))
                    key = "{} {} {}".format(case["name"], size, mode)
                    rows[key] = float((found - made).abs().max()) if same else -1.0
    print(json.dumps({"torch": torch.__version__, "python": sys.version.split()[0], "apart": rows}))


if __name__ == "__main__":
    main()
