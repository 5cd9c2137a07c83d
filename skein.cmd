@echo off
rem Builds Skein if it was not built yet or its sources changed, then runs it: skein --help
setlocal
set "ROOT=%~dp0"
set "PROGRAM=%ROOT%src\Skein.Cli\bin\Release\net10.0\skein.dll"
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1
where dotnet >nul 2>nul
if errorlevel 1 (
  echo skein: the .NET SDK 10 is missing. Install it ^(winget install Microsoft.DotNet.SDK.10^) and run this again. 1>&2
  exit /b 127
)
set "LOG=%TEMP%\skein-build-%RANDOM%.log"
dotnet build "%ROOT%src\Skein.Cli\Skein.Cli.csproj" -c Release --nologo -v quiet -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false >"%LOG%" 2>&1
if errorlevel 1 (
  type "%LOG%" 1>&2
  del "%LOG%"
  echo skein: the build failed; the reason stands above. 1>&2
  exit /b 1
)
del "%LOG%"
dotnet "%PROGRAM%" %*
exit /b %ERRORLEVEL%
