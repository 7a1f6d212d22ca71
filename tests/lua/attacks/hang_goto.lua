-- over
::again::
goto again
