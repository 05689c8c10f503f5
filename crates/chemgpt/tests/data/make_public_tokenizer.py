"""Writes public_tokenizer.json: python make_public_tokenizer.py TOKENIZER_JSON (made with tokenizers 0.23.3)."""
import json, sys
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(sys.argv[1])
texts = [
    "", "[C]", "[C][C][O]", "[C][Branch1_2][C][=O][O]", "[C][Expl=Ring1][=C]", "[N+expl][O-expl]", "[NHexpl][C][=C]",
    "[C@@Hexpl][C]", "[/C][=C][\\C]", "[C][=Branch1][C][=O]", "[C] [N]", "C[N]", "[Xx][C]", "[SEP][C]", "[C][PAD]",
    "[Si][Cl][Br][I]", "[Branch2_3][Ring2][F]", "[#N]", "[13CHexpl]", "[C", "]", "CCO", "[C][[N]]", "[=Se][Te]",
    "é[C]", "[Fe+2expl]", "[UNK]", "[MASK][O]", "[C][Ring1][Branch1_1][.][Na+expl]",
]
rows = [json.dumps({"text": text, "ids": tokenizer.encode(text).ids}, ensure_ascii=False) for text in texts]
with open("public_tokenizer.json", "w", encoding="utf-8") as out:
    out.write("[\n" + ",\n".join(rows) + "\n]\n")
