from tasklog.notify.message import Message, Quote


def test_a_message_comes_back_as_it_was_kept() -> None:
    message = Message(
        key="incident-7",
        title="orders.import failed",
        level="error",
        facts=(("task", "orders.import"),),
        quotes=(Quote(12, "2026-01-31T12:00:00+00:00", "disk full", 40),),
    )
    assert Message.from_json(message.as_json()) == message
