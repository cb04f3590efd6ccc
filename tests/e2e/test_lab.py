"""The laboratory itself: what the other tests rest on."""
import smtplib


def test_names(lab):
    plain = lab.domain("one", "192.0.2.7")
    signed = lab.domain("two", "192.0.2.7", signed=True)
    lab.dns.publish()
    assert not lab.dns.secure(plain, "MX")
    assert lab.dns.secure(signed, "MX")
    assert lab.dns.secure(f"mx1.{signed}", "A")
    assert lab.dns.secure(lab.name("nobody", signed=True))


def test_sink_keeps_every_byte(lab):
    sink = lab.sink()
    body = b".\r\n..\r\n.x\r\nx.\r\n\xff\r\n" * 1000
    with smtplib.SMTP(sink.addresses[0], 25, "client.lab") as client:
        assert client.sendmail("a@client.lab", ["b@x.lab", "c@x.lab"], body) == {}
    message, = sink.wait_messages(1)
    assert message.body == body
    assert message.rcpts == ["b@x.lab", "c@x.lab"]
    assert message.session.ehlo == "client.lab"


def test_smtp_sink(lab):
    server, address = lab.smtp_sink()
    with smtplib.SMTP(address, 25, "client.lab") as client:
        client.sendmail("a@client.lab", ["b@x.lab"], b"Subject: x\r\n\r\n.dot\r\n")
    assert server.wait_messages(1)[0] == ("a@client.lab", ["b@x.lab"], b"Subject: x\n\n.dot\n")
