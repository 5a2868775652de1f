<%@ page contentType="text/plain" session="false" trimDirectiveWhitespaces="true" %><%
request.newPushBuilder().path("/pushed.txt").push();
%>Hello over HTTP/2.
