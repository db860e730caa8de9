import pytest

pytest.importorskip("torch")

import torch
from transformers import BertConfig, BertModel, T5Config, T5ForConditionalGeneration

from tutelage.neural.attention import attention, quicken_attention

pytestmark = pytest.mark.train
IDS = torch.tensor([[5, 6, 7, 8, 9], [5, 6, 7, 0, 0]])
GIVEN = {"input_ids": IDS, "attention_mask": (IDS != 0).long()}


def t5():
    torch.manual_seed(0)
    shape = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 2, "num_heads": 4}
    net = T5ForConditionalGeneration(T5Config(vocab_size=20, decoder_start_token_id=0, **shape))
    return net, {**GIVEN, "labels": torch.tensor([[3, 4, 1], [4, 1, -100]])}


def bert():
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    return BertModel(BertConfig(vocab_size=20, intermediate_size=32, **shape)), GIVEN


@pytest.mark.parametrize("make", [t5, bert])
def test_without_dropout_it_is_what_transformers_computes(make):
    net, given = make()
    net.eval()
    before = net(**given)[0]
    quicken_attention(net)
    assert torch.equal(net(**given)[0], before)
    assert net.config._attn_implementation == "tutelage"


@pytest.mark.parametrize("make", [t5, bert])
def test_in_training_the_same_up_to_what_is_dropped(make):
    """At the least rate above 0 (1 of 65,536) the cheap path runs and drops next to nothing."""
    net, given = make()
    net.eval()
    before = net(**given)[0]
    quicken_attention(net)
    net.train()
    for module in net.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 2e-5 if "SelfAttention" in type(module).__name__ else 0.0
        if isinstance(getattr(module, "dropout", None), float):
            module.dropout = 2e-5
    assert torch.allclose(net(**given)[0], before, atol=1e-4)


def test_dropped_weights_are_zero_and_the_others_scaled():
    torch.manual_seed(0)
    query, key = torch.zeros(1, 1, 1, 4), torch.zeros(1, 1, 4000, 4)
    value = torch.ones(1, 1, 4000, 1)
    out, _ = attention(torch.nn.Module(), query, key, value, None, dropout=0.25)
    assert out.item() == pytest.approx(1.0, abs=0.03)  # 4,000 weights, a quarter dropped, x 4/3
    assert out.item() != 1.0


def test_a_mask_hides_what_it_hides():
    value = torch.tensor([[[[1.0], [5.0]]]])
    zeros = torch.zeros(1, 1, 2, 4)
    mask = torch.tensor([[[[0.0, float("-inf")]]]])
    for _ in range(20):
        out, _ = attention(torch.nn.Module(), zeros[:, :, :1], zeros, value, mask, dropout=0.5)
        assert out.item() in (0.0, 2.0)
