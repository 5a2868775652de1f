<%@ page contentType="text/plain" session="false" trimDirectiveWhitespaces="true" %><%
{{fields}}
%>Hello over HTTP/2.
