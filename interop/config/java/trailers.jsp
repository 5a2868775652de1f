<%@ page contentType="text/plain" session="false" trimDirectiveWhitespaces="true" %><%
response.setTrailerFields(() -> java.util.Map.of("x-trailer", "done"));
%>Hello over HTTP/2.
