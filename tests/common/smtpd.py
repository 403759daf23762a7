"""A mail server of a test: aiosmtpd, which prints what it took, one JSON object a line.

usage: smtpd.py PLAIN|STARTTLS|TLS [CERTIFICATE KEY [USER PASSWORD]]

Recipients say what becomes of them: later@ is 451, never@ is 550, data-later@ and data-never@ let the
message itself be refused so. The message is read back by Python's own MIME reader.
"""
import asyncio
import base64
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        who = address.split("@")[0]
        if who == "later":
            return "451 4.7.1 greylisted,\x1b[31m come back"
        if who == "never":
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        whos = {address.split("@")[0] for address in envelope.rcpt_tos}
        if "data-later" in whos:
            return "452 4.3.1 disk is full"
        if "data-never" in whos:
            return "554 5.7.1 looks like spam"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "defects": [str(defect) for defect in message.defects],
            "text": message.get_content(),
            "raw": base64.b64encode(envelope.original_content).decode(),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "user": session.auth_data,
            "hello": session.host_name,
        }), flush=True)
        return "250 OK"


async def main(mode, certificate=None, key=None, user=None, password=None):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

    def authenticator(server, session, envelope, mechanism, data):
        good = (data.login.decode(), data.password.decode()) == (user, password)
        return AuthResult(success=good, handled=good, auth_data=data.login.decode())

    def protocol():
        starttls = mode == "STARTTLS"
        return SMTP(
            Handler(),
            hostname="mail.test",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=authenticator if user else None,
            auth_required=bool(user),
            auth_require_tls=mode == "STARTTLS",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        protocol, "127.0.0.1", 0, ssl=context if mode == "TLS" else None)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
