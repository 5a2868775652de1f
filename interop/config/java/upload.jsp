<%@ page contentType="text/plain" session="false" trimDirectiveWhitespaces="true" %><%
java.security.MessageDigest digest = java.security.MessageDigest.getInstance("SHA-256");
java.io.InputStream content = request.getInputStream();
byte[] piece = new byte[65536];
for (int length = content.read(piece); length >= 0; length = content.read(piece)) digest.update(piece, 0, length);
for (byte octet : digest.digest()) out.print(String.format("%02x", octet));
%>
