"""The site of the table by twisted.web: files, uploads by SHA-256."""
import hashlib

from twisted.internet import reactor, ssl
from twisted.web.resource import EncodingResourceWrapper
from twisted.web.resource import Resource
from twisted.web.server import GzipEncoderFactory, Site
from twisted.web.static import File

FIELDS = [
{{fields}}
]


class Upload(Resource):
    isLeaf = True

    def render_POST(self, request):
        digest = hashlib.sha256()
        while piece := request.content.read(65536):
            digest.update(piece)
        return digest.hexdigest().encode()


class Fields(Resource):
    isLeaf = True

    def render_GET(self, request):
        for name, value in FIELDS:
            request.setHeader(name, value)
        return b"Hello over HTTP/2.\n"


root = File("{{site}}")
root.putChild(b"upload", Upload())
root.putChild(b"fields", Fields())
root.putChild(b"page.html", EncodingResourceWrapper(File("{{site}}/page.html"), [GzipEncoderFactory()]))
with open("{{pem}}") as file:
    pair = ssl.PrivateCertificate.loadPEM(file.read())
context = ssl.CertificateOptions(
    privateKey=pair.privateKey.original,
    certificate=pair.original,
    acceptableProtocols=[b"h2", b"http/1.1"],
)
reactor.listenSSL({{port}}, Site(root), context, interface="127.0.0.1")
reactor.run()
